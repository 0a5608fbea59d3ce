/// \file
/// Redshift results: Redrock's FITS file, its details (HDF5) and its model file, and our own HDF5.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/array.hpp"
#include "core/zfit.hpp"
#include "io/frame.hpp"
#include "io/header.hpp"
#include "io/table.hpp"

namespace zspex::io {

/// One row of REDSHIFTS (znum 0) or of a target's zfit (all znum). Coefficients are padded to the file's width when written.
struct RedshiftRow : Zfit {
  std::int64_t targetid = 0;
  std::string fitmethod;  ///< as in the file; its name for `method`
};

/// One template (or archetype) file, for the header.
struct TemplateName {
  std::string full_type, version, file;
};

/// What a run found. Rows are in the order of the targets.
struct RedshiftResults {
  std::vector<std::int64_t> targetid;           ///< [ntarget]
  std::vector<std::vector<RedshiftRow>> zfit;   ///< [ntarget][nrow] in znum order; [0] is the best; never empty
  int coeff_width = 1;                          ///< of COEFF: the most basis vectors of all templates loaded
  int basis_width = 1;                          ///< of PCA_COEFF: the same, without what archetypes need
  int legendre_bands = 0, legendre_degree = 0;  ///< shape of LEGCOEFF; bands = 0: shared by all; degree = 0: no column
  std::vector<TemplateName> templates, archetypes;
  Header input_header;  ///< primary header of the first input
  Table fibermap;       ///< in file order
  std::optional<Table> exp_fibermap, tsnr2;
  std::vector<Table> run;  ///< what is told of the run in our HDF5, each under its name
};

/// The scan of one template. Float32: the precision of Redrock's details.
struct ZscanTable {
  std::string full_type;
  std::vector<double> redshifts;  ///< [nz]
  Array2<float> zchi2, penalty;   ///< [ntarget][nz]
  Array3<float> zcoeff;           ///< [ntarget][nz][nbasis]
};

/// Best models, one row per target.
struct ModelSpectra {
  std::string band;
  std::vector<double> wave;  ///< [nwave]
  Array2<float> model;       ///< [ntarget][nwave] 1e-17 erg/s/cm^2/Angstrom, convolved by resolution
};

/// Redrock's file: PRIMARY, REDSHIFTS, FIBERMAP, EXP_FIBERMAP, TSNR2.
void write_redshifts_fits(const std::string& path, const RedshiftResults& results, const Provenance& provenance,
                          WriteOptions options = {});

/// Redrock's model file: PRIMARY, REDSHIFTS, <B>_WAVELENGTH, <B>_MODEL.
void write_model_fits(const std::string& path, const RedshiftResults& results, const std::vector<ModelSpectra>& models,
                      const Provenance& provenance, WriteOptions options = {});

/// Redrock's details file, template by template, compressed as it grows: a scan need not be held after its template.
/// Redrock's own reader reads it. It is also ours (layout version 1): /redshifts, /provenance, /timing. Whole or not at
/// all: nothing is written before finish().
class DetailsWriter {
 public:
  explicit DetailsWriter(const std::string& path, WriteOptions options = {});
  ~DetailsWriter();
  DetailsWriter(DetailsWriter&&) noexcept;

  /// /zscan/<full_type>, all targets in output order.
  void add_scan(const ZscanTable& scan);
  /// The same in parts: the redshifts first, then rows of targets from `first` on, which `scan` holds.
  void begin_scan(const std::string& full_type, const std::vector<double>& redshifts, std::size_t ntarget,
                  std::size_t nbasis);
  void add_rows(const ZscanTable& scan, std::size_t first);
  /// /targetids, /zbest, /zfit, and what is ours.
  void finish(const RedshiftResults& results, const Provenance& provenance, const std::vector<Timing>& timing);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Our HDF5 results: /provenance, /timing, /redshifts (with MODEL_CHI2), /targetids, /zfit, /fibermap, /exp_fibermap,
/// /tsnr2; no scan.
void write_redshifts_hdf5(const std::string& path, const RedshiftResults& results, const Provenance& provenance,
                          const std::vector<Timing>& timing, WriteOptions options = {});

/// Reads the scan of one template from a details file (Redrock's or ours), rows in the order of `targetid`.
/// \throws FileError when the template or a target is not in it
ZscanTable read_zscan(const std::string& path, const std::string& full_type, const std::vector<std::int64_t>& targetid);
/// Full types in a details file, in alphabetical order.
std::vector<std::string> zscan_types(const std::string& path);

/// The best rows of a redshift file (FITS, HDF5 or details, Redrock's or ours), without their fine scans.
std::vector<RedshiftRow> read_redshifts(const std::string& path);
/// All minima of a target in znum order, from details or our HDF5, without their fine scans.
std::vector<RedshiftRow> read_zfit(const std::string& path, std::int64_t targetid);

}  // namespace zspex::io
