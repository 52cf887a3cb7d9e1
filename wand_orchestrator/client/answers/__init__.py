"""What the API answers, as the client reads it: each model is named as its component in the OpenAPI document."""
