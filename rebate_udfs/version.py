"""The version of the product, and of the workbook template that it expects."""

VERSION = "0.2.0"
TEMPLATE_VERSION = "1"
