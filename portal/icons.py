"""Line icons of the pages, drawn for this portal on a 24 × 24 grid: name → SVG content."""

from typing import Final

ICONS: Final[dict[str, str]] = {
    "check": '<path d="m5 13 4.5 4.5L19 7"/>',
    "cross": '<path d="M6 6l12 12M18 6 6 18"/>',
    "clock": '<circle cx="12" cy="12" r="9"/><path d="M12 7v5l3.5 2"/>',
    "warning": '<path d="M12 4 2.8 20h18.4zM12 10v4.5M12 17.4v.1"/>',
    "info": '<circle cx="12" cy="12" r="9"/><path d="M12 11v5.5M12 7.6v.1"/>',
    "certificate": '<path d="M4 4h16v12H4zM8 8h8M8 11.5h5"/><path d="M14.5 14v7l2.5-1.6 2.5 1.6v-7"/>',
    "document": '<path d="M6 3h8l4.5 4.5V21H6zM14 3v5h4.5M9 12.5h6M9 16h6"/>',
    "person": '<circle cx="12" cy="8" r="4"/><path d="M4.5 20.5c.8-4.2 3.6-6 7.5-6s6.7 1.8 7.5 6"/>',
    "people": '<circle cx="9" cy="8.5" r="3.5"/><path d="M2.5 20c.6-3.7 3-5.5 6.5-5.5s5.9 1.8 6.5 5.5"/>'
    '<path d="M15.5 5.300a3.5 3.5 0 0 1 0 6.400M17.5 14.900c2.3.6 3.6 2.3 4 5.1"/>',
    "photo": '<path d="M3.5 7h4L9 4.5h6L16.5 7h4v12.5h-17z"/><circle cx="12" cy="13" r="3.5"/>',
    "search": '<circle cx="10.5" cy="10.5" r="6.5"/><path d="m15.5 15.5 5 5"/>',
    "download": '<path d="M12 4v11M7.5 11 12 15.5 16.5 11M4.5 19.5h15"/>',
    "upload": '<path d="M12 15.5V4.5M7.5 9 12 4.5 16.5 9M4.5 19.5h15"/>',
    "print": '<path d="M7 9V3.5h10V9M7 17H3.5V9h17v8H17M7 13.5h10v7H7z"/>',
    "book": '<path d="M12 6.5C10 5 7 4.5 3.5 4.5v14c3.5 0 6.5.5 8.5 2 2-1.5 5-2 8.5-2v-14C17 4.5 14 5 12 6.5zM12 6.5v14"/>',
    "building": '<path d="M4 20.5V7.5L12 3.5l8 4v13M2.5 20.5h19M9 20.5v-5h6v5M8.5 10.5h.1M12 10.5h.1M15.5 10.5h.1"/>',
    "shield": '<path d="M12 3.5 4.5 6v6c0 4.5 3 7.4 7.5 9 4.5-1.6 7.5-4.5 7.5-9V6zM8.5 12l2.5 2.5 4.5-5"/>',
    "scales": '<path d="M12 4v16M8 20h8M5 7h14M5 7l-3 7c1 2 5 2 6 0zM19 7l-3 7c1 2 5 2 6 0z"/>',
    "calendar": '<path d="M4 6h16v14.5H4zM4 10.5h16M8.5 3.5V7M15.5 3.5V7"/>',
    "globe": '<circle cx="12" cy="12" r="9"/><path d="M3 12h18M12 3c3 3 3.8 6 3.8 9s-.8 6-3.8 9c-3-3-3.8-6-3.8-9S9 6 12 3z"/>',
    "text-size": '<path d="M2.5 19.5 8.5 5l6 14.5M4.6 14.5h7.800M15 19.5l3.2-8 3.3 8M16.1 17h4.3"/>',
    "up": '<path d="M12 19V5M6.5 10.5 12 5l5.5 5.5"/>',
    "down": '<path d="M12 5v14M6.5 13.5 12 19l5.5-5.5"/>',
    "sort": '<path d="M8 19V6M4.5 9.5 8 6l3.5 3.5M16 5v13M12.5 14.5 16 18l3.5-3.5"/>',
    "inbox": '<path d="M3.5 13.5 6.5 5h11l3 8.5v6h-17zM3.5 13.5h5l1.5 3h4l1.5-3h5"/>',
    "chart": '<path d="M4 20.5h16.5M7 17v-6M12 17V5M17 17v-9"/>',
    "bell": '<path d="M6 16.5V11a6 6 0 0 1 12 0v5.5l1.5 1.5h-15zM10 20.5h4"/>',
    "key": '<circle cx="8" cy="15.5" r="4.5"/><path d="m11.5 12.5 8-8M16 8l3 3"/>',
    "phone": '<path d="M7 2.500h10v19H7zM11 18.500h2"/>',
    "exit": '<path d="M10 4.5H4.5v15H10M15 8l4.5 4-4.5 4M19.5 12H9.5"/>',
}
