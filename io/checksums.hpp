/// \file
/// Whether a reader compares the checksums that a FITS file carries with its bytes.
#pragma once

namespace zspex::io {

/// CHECKSUM and DATASUM of all HDUs, where the headers have them; costs one pass over the file.
enum class Checksums { verify, ignore };

}  // namespace zspex::io
