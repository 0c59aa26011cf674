"""The OpenAPI description and its page, made from the declarations of operations when they are first asked for."""
