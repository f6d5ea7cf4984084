"""The columns of the three sources that no model reads, each with the reason.

Which features models read is said by `features.feature_columns`.
"""

IDENTITY = "names a customer, an order, a product or a comment, and says nothing by itself"
DATES = "says when: it files a row under a month and counts days, and is no feature"
PROTECTED = "a personal characteristic no offer may rest on; read to compare groups of customers, never to score"
UNITS = "counts or weights of different products, which do not add up"
REASONS = {
    **dict.fromkeys(("customer_id", "order_id", "product_id", "feedback_id"), IDENTITY),
    **dict.fromkeys(("transaction_date", "feedback_date"), DATES),
    **dict.fromkeys(("age_group", "gender", "marital_status"), PROTECTED),
    "quantity": UNITS,
}
