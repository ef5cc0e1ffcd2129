"""The version of the product, and of the workbook template that it expects."""

VERSION = "0.1.0"
TEMPLATE_VERSION = "1"
