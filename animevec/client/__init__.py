"""Python client, sync and async, over the service's own models."""

from animevec.client.client import AsyncClient, Client

__all__ = ["AsyncClient", "Client"]
