"""The job queue: the procrastinate app, its tasks by subject, and the worker that runs them."""
