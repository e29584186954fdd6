"""What becomes of the files that people upload as their photo."""

import io
import struct
import zlib
from datetime import date

import pytest
from PIL import Image, TiffImagePlugin

from portal.accounts.photos import PhotoRefusedError, portrait
from portal.policy import current_pack

POLICY = current_pack().on(date(2020, 12, 28))


def picture(width, height, *, mode="RGB", colour="#7fa8b8"):
    return Image.new(mode, (width, height), colour)


def encoded(image, kind="JPEG", **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def reason(upload):
    with pytest.raises(PhotoRefusedError) as refused:
        portrait(upload, POLICY)
    return refused.value.code


def png_chunk(kind, content):
    body = kind + content
    return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))


def png_that_claims(width, height):
    """A PNG of a few kilobytes whose pixels would fill memory."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"\0" * 4_000_000, 9)
    return (
        b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", rows) + png_chunk(b"IEND", b"")
    )


class TestAGoodPhoto:
    def test_becomes_a_jpeg_of_the_stored_size(self):
        result = portrait(encoded(picture(1500, 2100)), POLICY)
        image = Image.open(io.BytesIO(result.content))
        assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (480, 672))
        assert (result.width, result.height) == (480, 672)
        assert not result.cut

    def test_of_the_least_size_is_kept_as_large_as_it_is(self):
        result = portrait(encoded(picture(295, 413)), POLICY)
        assert (result.width, result.height) == (295, 413)

    def test_gives_the_same_bytes_each_time(self):
        upload = encoded(picture(900, 1200))
        assert portrait(upload, POLICY).sha256 == portrait(upload, POLICY).sha256

    @pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "I;16", "1"])
    def test_may_be_a_png_of_any_kind(self, mode):
        image = picture(600, 840).convert("L").convert(mode) if mode != "RGB" else picture(600, 840)
        result = portrait(encoded(image, "PNG"), POLICY)
        assert Image.open(io.BytesIO(result.content)).mode == "RGB"

    def test_may_be_a_cmyk_or_grey_jpeg(self):
        for mode in ("CMYK", "L"):
            result = portrait(encoded(picture(600, 840).convert(mode)), POLICY)
            assert Image.open(io.BytesIO(result.content)).mode == "RGB"

    def test_may_hold_several_pictures_as_some_phones_write_them(self):
        upload = encoded(picture(600, 840), "MPO", save_all=True, append_images=[picture(600, 840)])
        assert portrait(upload, POLICY).width == 480

    def test_with_transparent_parts_is_laid_on_white(self):
        result = portrait(encoded(Image.new("RGBA", (600, 840), (0, 0, 0, 0)), "PNG"), POLICY)
        assert Image.open(io.BytesIO(result.content)).getpixel((5, 5)) == (255, 255, 255)


class TestTheRatio:
    @pytest.mark.parametrize(
        ("width", "height", "cut"),
        [(900, 1200, False), (1200, 1200, True), (1600, 1200, True), (900, 1600, True)],
    )
    def test_of_a_phones_picture_is_cut_to_a_portraits(self, width, height, cut):
        result = portrait(encoded(picture(width, height)), POLICY)
        assert result.width * 7 == result.height * 5
        assert result.cut is cut

    def test_is_cut_evenly_at_the_sides(self):
        image = picture(1600, 1200, colour="red")
        image.paste("blue", (400, 0, 1200, 1200))
        middle = Image.open(io.BytesIO(portrait(encoded(image), POLICY).content))
        left, right = middle.getpixel((3, 300)), middle.getpixel((476, 300))
        assert left[0] > 200
        assert right[0] > 200
        assert middle.getpixel((240, 300))[2] > 200

    def test_of_a_panorama_is_refused(self):
        assert reason(encoded(picture(3000, 1000))) == "wrong_ratio"
        assert reason(encoded(picture(500, 2500))) == "wrong_ratio"


class TestWhatIsHiddenInAPhoto:
    def test_place_time_and_comment_are_removed(self):
        exif = Image.Exif()
        exif[0x010F] = "SecretCam"
        exif.get_ifd(0x8825)[2] = (
            TiffImagePlugin.IFDRational(20),
            TiffImagePlugin.IFDRational(1),
            TiffImagePlugin.IFDRational(2),
        )
        upload = encoded(picture(600, 840), exif=exif.tobytes(), comment=b"SecretComment")
        assert b"SecretCam" in upload
        result = portrait(upload, POLICY).content
        assert b"Secret" not in result
        assert b"Exif" not in result
        assert not Image.open(io.BytesIO(result)).getexif()

    def test_the_cameras_orientation_is_applied(self):
        image = picture(1200, 900, colour="white")
        image.paste("red", (0, 0, 300, 900))  # the left edge, which is the top of the upright picture
        exif = Image.Exif()
        exif[0x0112] = 6
        result = portrait(encoded(image, exif=exif.tobytes()), POLICY)
        upright = Image.open(io.BytesIO(result.content))
        assert upright.getpixel((240, 20))[1] < 80
        assert upright.getpixel((240, 650))[1] > 200

    def test_the_orientation_of_a_png_is_applied_too(self):
        exif = Image.Exif()
        exif[0x0112] = 6
        result = portrait(encoded(picture(1200, 900), "PNG", exif=exif.tobytes()), POLICY)
        assert not result.cut

    @pytest.mark.filterwarnings("ignore:Corrupt EXIF", "ignore:Tag data")
    @pytest.mark.parametrize(
        "exif",
        [
            b"Exif\0\0MM\0*\0\0\0\x08\xff\xff",
            b"Exif\0\0" + b"\xff" * 64,
            b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x05\0\xff\xff\xff\xff\0\0\0\0",
        ],
    )
    def test_a_broken_note_of_the_camera_spoils_no_photo(self, exif):
        assert portrait(encoded(picture(600, 840), exif=exif), POLICY).width == 480

    def test_a_script_behind_the_pixels_is_not_kept(self):
        upload = encoded(picture(600, 840)) + b"<script>alert(1)</script><?php system($_GET[0]) ?>"
        assert b"script" not in portrait(upload, POLICY).content


class TestAHostileFile:
    @pytest.mark.parametrize(
        "upload",
        [
            b"<script>alert(1)</script>",
            b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
            b"%PDF-1.7 nothing else",
            b"GIF89a" + b"\0" * 100,
            b"\0" * 1000,
            b"PK\x03\x04" + b"\0" * 100,
            b"#!/bin/sh\nrm -rf /\n",
        ],
        ids=["html", "svg", "pdf", "gif", "zeros", "zip", "shell"],
    )
    def test_that_is_no_photo_is_refused(self, upload):
        assert reason(upload) == "not_a_photo"

    @pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "WEBP", "ICO"])
    def test_in_another_format_is_refused_though_it_is_a_picture(self, kind):
        assert reason(encoded(picture(600, 840), kind)) == "not_a_photo"

    def test_from_an_iphone_gets_its_own_advice(self):
        assert reason(b"\0\0\0\x18ftypheic" + b"\0" * 200) == "heic"

    @pytest.mark.parametrize(
        "size",
        [(20_000, 10_000), (8_000, 6_000), (100_000, 100_000)],
        ids=["200 megapixels", "48 megapixels", "10 gigapixels"],
    )
    @pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
    def test_with_too_many_pixels_is_refused_before_any_is_decoded(self, size):
        upload = png_that_claims(*size)
        assert len(upload) < 100_000
        assert reason(upload) == "too_many_pixels"

    def test_with_too_many_bytes_is_refused_unread(self):
        assert reason(b"\xff\xd8\xff" + b"\0" * POLICY.photo.max_bytes) == "too_many_bytes"

    def test_that_promises_more_rows_than_it_has_is_refused(self):
        assert reason(png_that_claims(2000, 2800)) == "damaged"

    @pytest.mark.parametrize("kind", ["JPEG", "PNG"])
    @pytest.mark.parametrize("part", [0.02, 0.3, 0.7, 0.95])
    def test_that_was_cut_off_is_refused(self, kind, part):
        upload = encoded(Image.effect_noise((600, 840), 80), kind)
        assert reason(upload[: int(len(upload) * part)]) in {"damaged", "not_a_photo"}

    def test_with_a_bomb_in_a_text_chunk_is_refused(self):
        bomb = png_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"\0" * 200_000_000, 9))
        upload = encoded(picture(600, 840), "PNG")
        assert reason(upload[:33] + bomb + upload[33:]) == "damaged"

    def test_too_small_for_print_is_refused(self):
        assert reason(encoded(picture(294, 412))) == "too_small"
        assert reason(encoded(picture(400, 400))) == "too_small"  # 286 pixels wide once cut

    def test_of_random_damage_is_answered_and_never_breaks(self):
        whole = bytearray(encoded(Image.effect_noise((300, 420), 60)))
        for place in range(2, len(whole), max(1, len(whole) // 150)):
            damaged = bytes(whole[:place]) + bytes([whole[place] ^ 0xFF]) + bytes(whole[place + 1 :])
            try:
                portrait(damaged, POLICY)
            except PhotoRefusedError:
                continue
