"""The API's schedules, which Temporal keeps."""
