/// \file
/// Provenance in a FITS header: DEPNAMnn and DEPVERnn as DESI's programs write them, and ZSPEX... cards for the rest.
#pragma once

#include <optional>

#include "io/frame.hpp"
#include "io/header.hpp"

namespace zspex::io::detail {

/// Replaces what an earlier run of zspex left in the header.
void add_provenance(Header& header, const Provenance& provenance);

/// What add_provenance() wrote; nothing if it did not.
std::optional<Provenance> provenance_of(const Header& header);

}  // namespace zspex::io::detail
