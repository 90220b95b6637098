"""skvm: a skill compiler and portable runtime."""

__version__ = "0.1.0"
