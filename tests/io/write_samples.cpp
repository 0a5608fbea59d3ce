// Writes a file of every kind into a folder, for check_with_astropy.py.
#include <cstdio>
#include <string>

#include "core/error.hpp"
#include "io/frame.hpp"
#include "io/model_image.hpp"
#include "io/preproc.hpp"
#include "io/psf.hpp"
#include "io/redshifts.hpp"
#include "io/spectra.hpp"
#include "io/truth.hpp"
#include "tests/io/samples.hpp"

namespace {

using namespace zspex::io;

void write_redshifts(const std::string& folder) {
  const RedshiftResults results = test::sample_redshifts();
  const zspex::Provenance provenance = test::sample_provenance();
  write_redshifts_fits(folder + "redrock.fits", results, provenance);
  write_redshifts_hdf5(folder + "redrock.h5", results, provenance, test::sample_timing());
  write_model_fits(folder + "rrmodel.fits", results, {{"b", {3600, 3601}, {{3, 2}, {1, 2, 3, 4, 5, 6}}}}, provenance);
  DetailsWriter details(folder + "rrdetails.h5");
  ZscanTable scan = test::sample_zscan();
  for (const char* type : {"QSO:::HIZ", "GALAXY", "STAR:::A"}) {
    scan.full_type = type;
    details.add_scan(scan);
  }
  details.finish(results, provenance, test::sample_timing());
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 2) {
    std::fputs("usage: io_write_samples FOLDER\n", stderr);
    return 2;
  }
  const std::string folder = std::string(argv[1]) + "/";
  for (const char* suffix : {"", ".gz", ".fz"}) write_preproc(folder + "preproc.fits" + suffix, test::sample_preproc());
  for (const char* suffix : {"", ".gz"})
    write_frame_fits(folder + "frame.fits" + suffix, test::sample_frame(), test::sample_provenance());
  write_frame_hdf5(folder + "frame.h5", "r0-00051060", test::sample_frame(), test::sample_provenance(),
                   test::sample_timing());
  write_psf(folder + "psf.fits", test::sample_psf());
  Truth truth;
  truth.wave = {5000, 5001, 5002};
  truth.flux = zspex::Array2<double>({2, 3}, {1, 2, 3, 4, 5, 6});
  truth.table = test::sample_table("TRUTH", 2);
  write_truth(folder + "truth.fits", truth);
  write_model_image(folder + "model.fits", test::sample_preproc().image, test::sample_header(), {});
  for (const SpectraKind kind : {SpectraKind::coadd, SpectraKind::spectra}) {
    SpectraFile spectra = test::sample_spectra(kind);
    spectra.path = folder + (kind == SpectraKind::coadd ? "coadd.fits" : "spectra.fits.gz");
    write_spectra(spectra);
  }
  write_redshifts(folder);
  return 0;
} catch (const zspex::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return static_cast<int>(error.code());
}
