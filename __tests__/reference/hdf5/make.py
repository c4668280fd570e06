"""Makes the HDF5 files of this folder and manifest.json (h5py 3.7, HDF5 1.10.8). Run it in an empty copy of the folder.

"ok": every dataset's shape and values; "refuse": what the file does that a reader of weights must not follow or cannot know.
"""
import json
import os

import h5py
import numpy as np

rng = np.random.default_rng(7)
manifest = []


def values(a):
    flat = np.asarray(a, dtype=np.float64).reshape(-1)
    return [repr(float(v)) if not np.isfinite(v) else float(v) for v in flat]


def note(name, why, tensors=None, attributes=None, refuse=None):
    entry = {"file": name, "why": why}
    if refuse:
        entry["refuse"] = refuse
    else:
        entry["tensors"] = {k: {"shape": list(np.shape(v)), "values": values(v)} for k, v in tensors.items()}
        entry["attributes"] = attributes or {}
    manifest.append(entry)


def make(name, why, arrays, libver=None, attributes=None, **options):
    with h5py.File(name, "w", libver=libver) as f:
        for path, a in arrays.items():
            f.create_dataset(path, data=a, **options)
        for key, value in (attributes or {}).items():
            f.attrs[key] = value
    note(name, why, arrays, {k: v for k, v in (attributes or {}).items() if isinstance(v, str)})


w = rng.standard_normal((3, 5)).astype("f4")
b = rng.standard_normal((5,)).astype("f4")
big = rng.standard_normal((37, 29)).astype("f4")

make("ok_contiguous.h5", "as Keras writes: superblock 0, contiguous float32", {"layers/lstm/cell/vars/0": w, "layers/lstm/cell/vars/1": b})
make("ok_latest.h5", "libver latest: superblock 3, object headers 2, links in the header", {"a/b/w": w, "b": b}, libver="latest", attributes={"keras_version": "3.5.0"})
make("ok_gzip.h5", "chunked, shuffled, deflated, with a Fletcher checksum", {"w": big}, chunks=(8, 8), compression="gzip", shuffle=True, fletcher32=True)
make("ok_chunked.h5", "chunks without filters, edges cut", {"w": big}, chunks=(10, 7))
make("ok_gzip_rank3.h5", "three dimensions in chunks", {"w": rng.standard_normal((3, 4, 5))}, chunks=(2, 3, 2), compression="gzip")
make("ok_many_chunks.h5", "a chunk index of several levels", {"w": np.arange(5000, dtype="f4")}, chunks=(4,))
make("ok_latest_chunked.h5", "libver latest with an unlimited axis keeps the version 1 index only before 1.10", {"w": big[:2, :3]}, libver="earliest", chunks=(2, 2))
make("ok_dtypes.h5", "every kind of number", {
    "f2": np.array([1.5, -2, 65504, 6e-8], "f2"), "f8": rng.standard_normal(3), "be_f4": w.astype(">f4"), "be_f8": rng.standard_normal(2).astype(">f8"),
    "i1": np.array([-128, 127], "i1"), "u1": np.array([0, 255], "u1"), "i2": np.array([-32768, 32767], "i2"), "u2": np.array([65535], "u2"),
    "i4": np.array([-2**31, 2**31 - 1], "i4"), "u4": np.array([2**32 - 1], "u4"), "i8": np.array([-2**53 + 1, 2**53 - 1], "i8"), "u8": np.array([2**53 - 1], "u8"),
    "be_i2": np.array([258], ">i2"), "flag": np.array([True, False]), "scalar": np.float32(2.5), "nan": np.array([np.nan, np.inf, -0.0], "f4")})
make("ok_empty.h5", "a dimension of zero", {"w": np.zeros((0, 4), "f4"), "b": b})
make("ok_no_tensors.h5", "no datasets at all", {}, attributes={"backend": "numpy"})
make("ok_names.h5", "names that are traps elsewhere", {"__proto__": b, "constructor": b, "näme中": b, "a b/c.d:0": b})
make("ok_many_groups.h5", "a group of 60 members: symbol nodes and a tree above them", {f"layers/dense_{i}/vars/0": np.full((2,), i, "f4") for i in range(60)})
make("ok_dense_group.h5", "libver latest, 40 members: links in a fractal heap under a version 2 tree", {f"g/d{i:03d}": np.full((2,), i, "f4") for i in range(40)}, libver="latest")
make("ok_dense_group_deep.h5", "the same with 600 members: indirect blocks and inner nodes", {f"g/member_number_{i:05d}": np.full((1,), i, "f4") for i in range(600)}, libver="latest")

with h5py.File("ok_compact.h5", "w") as f:
    space = h5py.h5s.create_simple((3, 5))
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_layout(h5py.h5d.COMPACT)
    d = h5py.h5d.create(f.id, b"w", h5py.h5t.IEEE_F32LE, space, plist)
    d.write(h5py.h5s.ALL, h5py.h5s.ALL, w)
note("ok_compact.h5", "numbers inside the object header", {"w": w})

with h5py.File("ok_fill.h5", "w") as f:
    f.create_dataset("never_written", (2, 3), "f4", fillvalue=1.5)
    f.create_dataset("zero", (4,), "f4")
    d = f.create_dataset("partly", (6,), "f4", chunks=(2,), fillvalue=-3)
    d[2:4] = [1, 2]
note("ok_fill.h5", "data never written have the fill value", {"never_written": np.full((2, 3), 1.5), "zero": np.zeros(4), "partly": np.array([-3, -3, 1, 2, -3, -3])})

with h5py.File("ok_soft_link.h5", "w") as f:
    f["w"] = w
    f["also"] = h5py.SoftLink("/w")
    f["hard"] = f["w"]
note("ok_soft_link.h5", "a soft and a hard link to one dataset: both names hold it", {"w": w, "also": w, "hard": w})

with h5py.File("ok_attributes.h5", "w") as f:
    f["w"] = w
    f.attrs["vlen"] = "äöü variable"
    f.attrs["fixed"] = np.bytes_("fixed length")
    f.attrs["long"] = "x" * 20000
    f.attrs["number"] = 3
    f.attrs["names"] = np.array(["kernel:0", "bias:0"], dtype="S8")
    f.attrs["vlen_names"] = np.array(["one", "three"], dtype=object)
    f.attrs["empty"] = np.zeros((0,), "f8")
    f.attrs["nothing"] = h5py.Empty("f4")
note("ok_attributes.h5", "attributes of every kind; strings are metadata", {"w": w}, {"vlen": "äöü variable", "fixed": "fixed length", "long": "x" * 20000})

with h5py.File("ok_dense_attributes.h5", "w", libver="latest") as f:
    f["w"] = w
    for i in range(20):
        f.attrs[f"a{i}"] = f"value {i}"
note("ok_dense_attributes.h5", "attributes in a fractal heap", {"w": w}, {f"a{i}": f"value {i}" for i in range(20)})

with h5py.File("ok_userblock.h5", "w", userblock_size=512) as f:
    f["w"] = w
note("ok_userblock.h5", "512 bytes before the file proper", {"w": w})

with h5py.File("ok_strings_beside.h5", "w") as f:
    f["w"] = w
    f["names"] = np.array(["a", "b"], dtype="S4")
    f["vlen"] = np.array(["a", "bb"], dtype=object)
note("ok_strings_beside.h5", "datasets of strings are no tensors: skipped and noted", {"w": w})

with h5py.File("bad_external_storage.h5", "w") as f:
    f.create_dataset("w", (4,), "f4", external=[("secret.txt", 0, 16)])
note("bad_external_storage.h5", "the numbers are in another file", refuse="external")
with h5py.File("bad_external_link.h5", "w") as f:
    f["w"] = h5py.ExternalLink("other.h5", "/w")
note("bad_external_link.h5", "a link into another file", refuse="external")
with h5py.File("bad_external_link_latest.h5", "w", libver="latest") as f:
    f["w"] = h5py.ExternalLink("other.h5", "/w")
note("bad_external_link_latest.h5", "a link into another file", refuse="external")
with h5py.File("bad_virtual.h5", "w", libver="latest") as f:
    layout = h5py.VirtualLayout((4,), "f4")
    layout[:] = h5py.VirtualSource("other.h5", "w", (4,))
    f.create_virtual_dataset("w", layout)
note("bad_virtual.h5", "a virtual dataset, made of parts of other files", refuse="virtual")
with h5py.File("bad_soft_loop.h5", "w") as f:
    f["a"] = h5py.SoftLink("/b")
    f["b"] = h5py.SoftLink("/a")
note("bad_soft_loop.h5", "two soft links that point at each other", refuse="link")
with h5py.File("bad_soft_dangling.h5", "w") as f:
    f["a"] = h5py.SoftLink("/nowhere")
note("bad_soft_dangling.h5", "a soft link to nothing", refuse="link")
with h5py.File("bad_hard_cycle.h5", "w") as f:
    g = f.create_group("a")
    g["w"] = w
    g["b"] = g
note("bad_hard_cycle.h5", "a group that contains itself: /a/b/b/b/…", refuse="contains itself")
with h5py.File("bad_shape_bomb.h5", "w") as f:
    f.create_dataset("w", (2**20, 2**30), "f4", chunks=(1024, 1024))
note("bad_shape_bomb.h5", "1.4 kB that declare 4 PiB", refuse="limit")
with h5py.File("bad_gzip_bomb.h5", "w") as f:
    f.create_dataset("w", (2**22,), "f4", chunks=(2**22,), compression="gzip", data=np.zeros(2**22, "f4"))
note("bad_gzip_bomb.h5", "16 MiB of zeros in 16 kB: refused with a limit of 1 MiB", refuse="limit")
with h5py.File("bad_lzf.h5", "w") as f:
    f.create_dataset("w", data=big, chunks=(8, 8), compression="lzf")
note("bad_lzf.h5", "the LZF filter", refuse="filter")
with h5py.File("bad_scaleoffset.h5", "w") as f:
    f.create_dataset("w", data=np.arange(64, dtype="i4"), chunks=(64,), scaleoffset=0)
note("bad_scaleoffset.h5", "the scale-offset filter", refuse="filter")
with h5py.File("bad_compound.h5", "w") as f:
    f["w"] = np.zeros(2, dtype=[("a", "f4"), ("b", "i4")])
note("bad_compound.h5", "a compound type", refuse="type")
with h5py.File("bad_complex.h5", "w") as f:
    f["w"] = np.zeros(2, dtype="c8")
note("bad_complex.h5", "complex numbers", refuse="type")
with h5py.File("bad_reference.h5", "w") as f:
    f["w"] = w
    f.create_dataset("r", (1,), h5py.ref_dtype)
note("bad_reference.h5", "object references", refuse="type")
with h5py.File("bad_vlen.h5", "w") as f:
    d = f.create_dataset("w", (2,), h5py.vlen_dtype(np.float32))
    d[0] = [1, 2]
note("bad_vlen.h5", "ragged rows", refuse="type")
with h5py.File("bad_opaque.h5", "w") as f:
    f["w"] = np.array([b"ab"], dtype="V2")
note("bad_opaque.h5", "opaque bytes", refuse="type")
with h5py.File("bad_array_type.h5", "w") as f:
    f.create_dataset("w", (2,), h5py.h5t.array_create(h5py.h5t.IEEE_F32LE, (3,)))
note("bad_array_type.h5", "an array type", refuse="type")
with h5py.File("bad_int_range.h5", "w") as f:
    f["w"] = np.array([2**53 + 1], "i8")
note("bad_int_range.h5", "an integer that no double holds", refuse="E_INT_RANGE")
with h5py.File("ok_named_type.h5", "w") as f:
    f["w"] = w
    f["t"] = np.dtype("f4")
    f.create_dataset("v", (2,), f["t"], data=np.array([1, 2], "f4"))
note("ok_named_type.h5", "a type that lies elsewhere in the file", {"w": w, "v": np.array([1, 2])})

f = open("manifest.json", "w")
json.dump(manifest, f, ensure_ascii=False)
print(sum(os.path.getsize(m["file"]) for m in manifest), "bytes in", len(manifest), "files")
