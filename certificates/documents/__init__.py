"""The electronic certificate as a document: set, marked with a QR symbol, signed, checked. Knows no database."""
