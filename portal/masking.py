"""Personal data as shown to those who need not see it whole."""


def mask_name(name: str) -> str:
    """``张三丰`` → ``张**``: the first character stays, each other one becomes a star."""
    return name[:1] + "*" * (len(name) - 1)


def mask_id_number(number: str) -> str:
    """``469900199001011234`` → ``469900********1234``."""
    return number[:6] + "*" * (len(number) - 10) + number[-4:]


def mask_mobile(mobile: str) -> str:
    """``13800001234`` → ``138****1234``."""
    return mobile[:3] + "****" + mobile[-4:]


def mask_number(number: str) -> str:
    """Mask the middle of a certificate number so that its holder knows it and nobody else can use it."""
    keep = max(2, len(number) // 4)
    return number[:keep] + "*" * (len(number) - 2 * keep) + number[-keep:]
