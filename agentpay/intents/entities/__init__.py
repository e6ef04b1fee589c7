"""Recognising what a message names: prices, quantities, options, addresses, order numbers, …"""
