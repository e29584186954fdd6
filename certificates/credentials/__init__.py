"""What proves a certificate without the portal: keys, the credential, its status lists, and the token in the QR symbol."""
