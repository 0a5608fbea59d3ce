/// \file
/// How hard outputs are compressed.
#pragma once

namespace zspex {

enum class Compress { none, fast, best };

}  // namespace zspex
