"""What several families of networks are made of."""
