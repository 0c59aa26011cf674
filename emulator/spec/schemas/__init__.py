"""Request bodies, as pydantic models; `answers` holds the response bodies for the OpenAPI page."""
