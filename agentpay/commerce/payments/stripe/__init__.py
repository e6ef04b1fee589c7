"""Stripe: Checkout Sessions, stored methods through PaymentIntents, refunds and webhooks, with the official SDK."""
