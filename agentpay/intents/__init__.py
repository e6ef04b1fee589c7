"""Understanding a customer's sentence: intents, entities, hesitation."""
