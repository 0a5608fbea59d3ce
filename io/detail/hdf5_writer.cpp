#include "io/detail/hdf5_writer.hpp"

#include <algorithm>
#include <cstddef>
#include <span>

#include "io/detail/atomic_file.hpp"
#include "io/detail/hdf5_chunk.hpp"
#include "io/detail/hdf5_table.hpp"
#include "io/detail/in_threads.hpp"
#include "io/output.hpp"
#include "io/seal.hpp"

namespace zspex::io::detail {
namespace {

/// HDF5's first format holds attributes of up to 64 KiB; longer texts go to a heap.
constexpr std::size_t longest_attribute = 60000;

}  // namespace

Hdf5Writer::Hdf5Writer(const std::string& path, WriteOptions options)
    : path_(path), options_(options), context_(path, ExitCode::output) {
  check_output(path);
  const H5Handle access = context_.own(H5Pcreate(H5P_FILE_ACCESS), &H5Pclose, "", "set up a file");
  constexpr std::size_t increment = std::size_t{16} << 20;
  context_.check(H5Pset_fapl_core(access, increment, 0), "", "keep a file in memory");
  const H5Handle creation = context_.own(H5Pcreate(H5P_FILE_CREATE), &H5Pclose, "", "set up a file");
  context_.check(H5Pset_obj_track_times(creation, false), "", "set up a file");
  // The core driver wants a name of its own; nothing is written there.
  file_ = context_.own(H5Fcreate((path + ".memory").c_str(), H5F_ACC_TRUNC, creation, access), &H5Fclose, "",
                       "make a file");
}

/// Makes the groups on the way to `name` that are not there yet.
void Hdf5Writer::make_parents(const std::string& name) {
  for (std::size_t end = name.find('/', 1); end != std::string::npos; end = name.find('/', end + 1))
    if (const std::string parent = name.substr(0, end); H5Lexists(file_, parent.c_str(), H5P_DEFAULT) <= 0)
      group(parent);
}

void Hdf5Writer::group(const std::string& name) {
  make_parents(name);
  const H5Handle creation = context_.own(H5Pcreate(H5P_GROUP_CREATE), &H5Pclose, name, "set up a group");
  context_.check(H5Pset_obj_track_times(creation, false), name, "set up a group");
  (void)context_.own(H5Gcreate2(file_, name.c_str(), H5P_DEFAULT, creation, H5P_DEFAULT), &H5Gclose, name,
                     "make the group");
}

void Hdf5Writer::write_attribute(const std::string& object, const std::string& name, hid_t type, hid_t space,
                                 const void* data) {
  const std::string doing = "write the attribute " + name;
  const H5Handle owner = context_.own(H5Oopen(file_, object.c_str(), H5P_DEFAULT), &H5Oclose, object, doing);
  const H5Handle attribute =
      context_.own(H5Acreate2(owner, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT), &H5Aclose, object, doing);
  if (data) context_.check(H5Awrite(attribute, type, data), object, doing);
}

void Hdf5Writer::attribute(const std::string& object, const std::string& name, const std::string& value) {
  const bool fits = value.size() <= longest_attribute;
  const H5Handle type = h5_text_type(fits ? value.size() : H5T_VARIABLE);
  const H5Handle space = context_.own(H5Screate(H5S_SCALAR), &H5Sclose, object, "write the attribute " + name);
  const char* text = value.c_str();
  write_attribute(object, name, type, space, fits ? static_cast<const void*>(text) : &text);
}

void Hdf5Writer::attribute(const std::string& object, const std::string& name, const std::vector<std::string>& values) {
  std::size_t width = 1;
  for (const std::string& value : values) width = std::max(width, value.size());
  const bool fits = width * values.size() <= longest_attribute;
  const H5Handle type = h5_text_type(fits ? width : H5T_VARIABLE);
  const hsize_t size = values.size();
  const H5Handle space =
      context_.own(H5Screate_simple(1, &size, nullptr), &H5Sclose, object, "write the attribute " + name);
  std::string texts;
  std::vector<const char*> pointers;
  for (const std::string& value : values) {
    if (fits) (texts += value).append(width - value.size(), '\0');
    pointers.push_back(value.c_str());
  }
  const void* data = fits ? static_cast<const void*>(texts.data()) : pointers.data();
  write_attribute(object, name, type, space, values.empty() ? nullptr : data);
}

void Hdf5Writer::attribute(const std::string& object, const std::string& name, std::int64_t value) {
  const H5Handle space = context_.own(H5Screate(H5S_SCALAR), &H5Sclose, object, "write the attribute " + name);
  write_attribute(object, name, H5T_NATIVE_INT64, space, &value);
}

H5Handle Hdf5Writer::create(const std::string& name, hid_t type, const std::vector<std::size_t>& shape,
                            const Chunks* chunks) {
  make_parents(name);
  const H5Handle creation = context_.own(H5Pcreate(H5P_DATASET_CREATE), &H5Pclose, name, "set up the dataset");
  context_.check(H5Pset_obj_track_times(creation, false), name, "set up the dataset");
  const std::vector<hsize_t> size(shape.begin(), shape.end());
  if (chunks) {
    std::vector<hsize_t> chunk = size;
    chunk[0] = chunks->chunk_rows;
    context_.check(H5Pset_chunk(creation, static_cast<int>(chunk.size()), chunk.data()), name, "set up the dataset");
    set_filters(context_, creation, options_.compress, name);
  }
  const H5Handle space = context_.own(H5Screate_simple(static_cast<int>(size.size()), size.data(), nullptr), &H5Sclose,
                                      name, "set up the dataset");
  return context_.own(H5Dcreate2(file_, name.c_str(), type, space, H5P_DEFAULT, creation, H5P_DEFAULT), &H5Dclose, name,
                      "make the dataset");
}

template <class T>
void Hdf5Writer::dataset(const std::string& name, const std::vector<std::size_t>& shape, const T* data,
                         const std::string& units, const std::string& description,
                         const std::vector<std::string>& dimensions) {
  const bool some = std::all_of(shape.begin(), shape.end(), [](std::size_t n) { return n > 0; });
  if (shape.size() > 1 && some) {
    // Whole spectra, so that one can be read alone; up to a bundle of them, about 1 MiB.
    constexpr std::size_t target = std::size_t{1} << 20, bundle = 25;
    Chunks chunks;
    chunks.nrow = shape[0];
    chunks.ndim = shape.size();
    chunks.row_bytes = chunks.value_size = sizeof(T);
    for (std::size_t i = 1; i < shape.size(); ++i) chunks.row_bytes *= shape[i];
    chunks.chunk_rows = std::clamp<std::size_t>(target / chunks.row_bytes, 1, std::min(bundle, shape[0]));
    (void)create(name, h5_type<T>(), shape, &chunks);
    chunks_[name] = std::move(chunks);
    if (data) add_rows(name, 0, std::as_bytes(std::span(data, shape[0] * (chunks_[name].row_bytes / sizeof(T)))));
  } else {
    const H5Handle dataset = create(name, h5_type<T>(), shape, nullptr);
    if (data)
      context_.check(H5Dwrite(dataset, h5_type<T>(), H5S_ALL, H5S_ALL, H5P_DEFAULT, data), name, "write the dataset");
  }
  attribute(name, "units", units);
  attribute(name, "description", description);
  attribute(name, "dimensions", dimensions);
}

template void Hdf5Writer::dataset(const std::string&, const std::vector<std::size_t>&, const float*, const std::string&,
                                  const std::string&, const std::vector<std::string>&);
template void Hdf5Writer::dataset(const std::string&, const std::vector<std::size_t>&, const double*,
                                  const std::string&, const std::string&, const std::vector<std::string>&);
template void Hdf5Writer::dataset(const std::string&, const std::vector<std::size_t>&, const std::int64_t*,
                                  const std::string&, const std::string&, const std::vector<std::string>&);
template void Hdf5Writer::dataset(const std::string&, const std::vector<std::size_t>&, const std::uint32_t*,
                                  const std::string&, const std::string&, const std::vector<std::string>&);

void Hdf5Writer::rows(const std::string& name, std::size_t first, const std::vector<std::size_t>& shape,
                      const float* data) {
  std::size_t size = 1;
  for (const std::size_t n : shape) size *= n;
  add_rows(name, first, std::as_bytes(std::span(data, size)));
}

void Hdf5Writer::add_rows(const std::string& name, std::size_t first, std::span<const std::byte> bytes) {
  const auto found = chunks_.find(name);
  const std::size_t known = found == chunks_.end() ? 0 : found->second.nrow;
  const std::size_t row_bytes = found == chunks_.end() ? 1 : found->second.row_bytes;
  const std::size_t nrow = bytes.size() / row_bytes;
  if (bytes.size() % row_bytes != 0 || first > known || nrow > known - first)
    context_.refuse(name, "expected rows of {} bytes in a dataset of {}, found {} bytes for row {} on. Report this.",
                    row_bytes, known, bytes.size(), first);
  Chunks& chunks = found->second;
  std::vector<RawChunk> whole;
  std::vector<std::size_t> completed;
  for (std::size_t row = first; row < first + nrow;) {
    const std::size_t ichunk = row / chunks.chunk_rows, begin = ichunk * chunks.chunk_rows;
    const std::size_t end = std::min(begin + chunks.chunk_rows, known), stop = std::min(end, first + nrow);
    const auto piece = bytes.subspan((row - first) * row_bytes, (stop - row) * row_bytes);
    if (row == begin && stop == end) {
      whole.push_back({ichunk, piece});
    } else {
      Chunks::Begun& begun = chunks.begun[ichunk];
      begun.bytes.resize((end - begin) * row_bytes);
      std::copy(piece.begin(), piece.end(),
                begun.bytes.begin() + static_cast<std::ptrdiff_t>((row - begin) * row_bytes));
      begun.nrow += stop - row;
      if (begun.nrow == end - begin) {
        whole.push_back({ichunk, begun.bytes});
        completed.push_back(ichunk);
      }
    }
    row = stop;
  }
  write_chunks(name, chunks, whole);
  for (const std::size_t ichunk : completed) chunks.begun.erase(ichunk);
}

void Hdf5Writer::write_chunks(const std::string& name, const Chunks& chunks, const std::vector<RawChunk>& raw) {
  if (raw.empty()) return;
  const H5Handle dataset =
      context_.own(H5Dopen2(file_, name.c_str(), H5P_DEFAULT), &H5Dclose, name, "find the dataset");
  make_in_threads(
      raw.size(), writer_threads(options_.nthread),
      [&](std::size_t i) {
        return encode_chunk(raw[i].raw, chunks.chunk_rows * chunks.row_bytes, chunks.value_size, options_.compress);
      },
      [&](std::size_t i, const StoredChunk& chunk) {
        std::vector<hsize_t> offset(chunks.ndim, 0);
        offset[0] = raw[i].ichunk * chunks.chunk_rows;
        context_.check(
            H5Dwrite_chunk(dataset, H5P_DEFAULT, chunk.skipped, offset.data(), chunk.bytes.size(), chunk.bytes.data()),
            name, "write the dataset");
      });
}

void Hdf5Writer::table(const std::string& name, const Table& table, const std::string& description,
                       const std::string& rows) {
  {
    const CompoundRows compound = to_compound(context_, table);
    const H5Handle dataset = create(name, compound.type, {table.nrow}, nullptr);
    if (table.nrow > 0)
      context_.check(H5Dwrite(dataset, compound.type, H5S_ALL, H5S_ALL, H5P_DEFAULT, compound.rows.data()), name,
                     "write the table");
  }
  std::vector<std::string> units, descriptions;
  for (const Column& column : table.columns) {
    units.push_back(column.unit);
    descriptions.push_back(column.description);
  }
  attribute(name, "units", "see column_units");
  attribute(name, "description", description);
  attribute(name, "column_units", units);
  attribute(name, "column_descriptions", descriptions);
  attribute(name, "dimensions", std::vector<std::string>{rows});
}

void Hdf5Writer::finish() {
  for (const auto& [name, chunks] : chunks_) {  // rows that never came are zero
    std::vector<RawChunk> rest;
    for (const auto& [ichunk, begun] : chunks.begun) rest.push_back({ichunk, begun.bytes});
    write_chunks(name, chunks, rest);
  }
  context_.check(H5Fflush(file_, H5F_SCOPE_GLOBAL), "", "finish the file in memory");
  const ssize_t size = H5Fget_file_image(file_, nullptr, 0);
  context_.check(size < 0 ? -1 : 0, "", "take the file from memory");
  std::vector<std::byte> bytes(static_cast<std::size_t>(size));
  context_.check(H5Fget_file_image(file_, bytes.data(), bytes.size()) < 0 ? -1 : 0, "", "take the file from memory");
  file_ = H5Handle();
  const auto seal = seal_of(bytes);
  bytes.insert(bytes.end(), seal.begin(), seal.end());
  write_whole(path_, bytes);
}

}  // namespace zspex::io::detail
