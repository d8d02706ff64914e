"""What runs show: the papers' figures, tables and claims, drawn and counted from results."""

from signbit.extras import need

need("torch", __name__)
