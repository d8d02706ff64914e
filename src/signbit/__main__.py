"""`python -m signbit` is the command `signbit`."""

from signbit.cli import main

main()
