"""The legacy registry as the province keeps it outside of the portal, read in one go and as often as one likes."""

from certificates.registry.importing import ImportCounts, registry_import

__all__ = ["ImportCounts", "registry_import"]
