"""The certificate authority and the certificate that HTTPS is served with."""
