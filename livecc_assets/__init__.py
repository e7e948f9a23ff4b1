"""LiveCC Assets: raw videos to a scored live-commentary model, as a Dagster asset graph."""

__version__ = "0.2.0"
