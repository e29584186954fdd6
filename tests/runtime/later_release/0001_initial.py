from importlib import import_module

Migration = import_module("portal.operations.migrations.0001_initial").Migration
