"""Request bodies, as pydantic models; `responses` holds the response bodies for the OpenAPI page."""
