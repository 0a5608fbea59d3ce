#include "pipeline/redshift/fibermap_columns.hpp"

#include <algorithm>
#include <iterator>

namespace zspex::pipeline {
namespace {

struct KnownColumn {
  std::string_view name, unit, description;
};

// Descriptions fit beside a TTYPE card.
constexpr KnownColumn known_columns[] = {
    {"TARGETID", "", "target"},
    {"PETAL_LOC", "", "petal, 0 to 9"},
    {"DEVICE_LOC", "", "place on the petal"},
    {"LOCATION", "", "1000 PETAL_LOC + DEVICE_LOC"},
    {"FIBER", "", "fiber, 0 to 4999"},
    {"FIBERSTATUS", "", "bits of what is wrong; 0 = nothing"},
    {"TARGET_RA", "deg", "right ascension of the target, ICRS"},
    {"TARGET_DEC", "deg", "declination of the target, ICRS"},
    {"DESINAME", "", "name made of the coordinates"},
    {"PMRA", "mas yr-1", "proper motion in right ascension"},
    {"PMDEC", "mas yr-1", "proper motion in declination"},
    {"REF_EPOCH", "yr", "epoch of the astrometry"},
    {"LAMBDA_REF", "Angstrom", "wavelength the fiber was centered for"},
    {"FA_TARGET", "", "target bits of fiberassign"},
    {"FA_TYPE", "", "kind of target for fiberassign"},
    {"OBJTYPE", "", "TGT, SKY, NON or BAD"},
    {"FIBERASSIGN_X", "mm", "planned X on the focal plane (CS5)"},
    {"FIBERASSIGN_Y", "mm", "planned Y on the focal plane (CS5)"},
    {"PRIORITY", "", "priority when it was assigned"},
    {"SUBPRIORITY", "", "order among equal priorities, 0 to 1"},
    {"OBSCONDITIONS", "", "bits of allowed conditions"},
    {"RELEASE", "", "imaging release"},
    {"BRICKNAME", "", "imaging brick"},
    {"BRICKID", "", "number of the imaging brick"},
    {"BRICK_OBJID", "", "object in the brick"},
    {"MORPHTYPE", "", "shape in the imaging"},
    {"EBV", "mag", "reddening E(B-V) of the Galaxy"},
    {"FLUX_G", "nanomaggy", "flux in g (AB)"},
    {"FLUX_R", "nanomaggy", "flux in r (AB)"},
    {"FLUX_Z", "nanomaggy", "flux in z (AB)"},
    {"FLUX_W1", "nanomaggy", "flux in WISE W1 (AB)"},
    {"FLUX_W2", "nanomaggy", "flux in WISE W2 (AB)"},
    {"FLUX_IVAR_G", "nanomaggy^-2", "inverse variance of FLUX_G"},
    {"FLUX_IVAR_R", "nanomaggy^-2", "inverse variance of FLUX_R"},
    {"FLUX_IVAR_Z", "nanomaggy^-2", "inverse variance of FLUX_Z"},
    {"FLUX_IVAR_W1", "nanomaggy^-2", "inverse variance of FLUX_W1"},
    {"FLUX_IVAR_W2", "nanomaggy^-2", "inverse variance of FLUX_W2"},
    {"FIBERFLUX_G", "nanomaggy", "g flux in a fiber of 1.5 arcsec"},
    {"FIBERFLUX_R", "nanomaggy", "r flux in a fiber of 1.5 arcsec"},
    {"FIBERFLUX_Z", "nanomaggy", "z flux in a fiber of 1.5 arcsec"},
    {"FIBERTOTFLUX_G", "nanomaggy", "the same of all sources there"},
    {"FIBERTOTFLUX_R", "nanomaggy", "the same of all sources there"},
    {"FIBERTOTFLUX_Z", "nanomaggy", "the same of all sources there"},
    {"MASKBITS", "", "bits of the imaging"},
    {"SERSIC", "", "index of the Sersic profile"},
    {"SHAPE_R", "arcsec", "half-light radius"},
    {"SHAPE_E1", "", "ellipticity, first component"},
    {"SHAPE_E2", "", "ellipticity, second component"},
    {"REF_ID", "", "source in the astrometric catalog"},
    {"REF_CAT", "", "astrometric catalog"},
    {"GAIA_PHOT_G_MEAN_MAG", "mag", "Gaia G"},
    {"GAIA_PHOT_BP_MEAN_MAG", "mag", "Gaia BP"},
    {"GAIA_PHOT_RP_MEAN_MAG", "mag", "Gaia RP"},
    {"PARALLAX", "mas", "parallax"},
    {"PHOTSYS", "", "imaging: N north, S south"},
    {"PRIORITY_INIT", "", "first priority"},
    {"NUMOBS_INIT", "", "observations wanted at first"},
    {"CMX_TARGET", "", "target bits of commissioning"},
    {"DESI_TARGET", "", "target bits: dark time and all"},
    {"BGS_TARGET", "", "target bits: bright galaxies"},
    {"MWS_TARGET", "", "target bits: Milky Way"},
    {"SCND_TARGET", "", "target bits: secondary programs"},
    {"SV1_DESI_TARGET", "", "DESI_TARGET of validation 1"},
    {"SV2_DESI_TARGET", "", "DESI_TARGET of validation 2"},
    {"SV3_DESI_TARGET", "", "DESI_TARGET of validation 3"},
    {"SV1_BGS_TARGET", "", "BGS_TARGET of validation 1"},
    {"SV2_BGS_TARGET", "", "BGS_TARGET of validation 2"},
    {"SV3_BGS_TARGET", "", "BGS_TARGET of validation 3"},
    {"SV1_MWS_TARGET", "", "MWS_TARGET of validation 1"},
    {"SV2_MWS_TARGET", "", "MWS_TARGET of validation 2"},
    {"SV3_MWS_TARGET", "", "MWS_TARGET of validation 3"},
    {"SV1_SCND_TARGET", "", "SCND_TARGET of validation 1"},
    {"SV2_SCND_TARGET", "", "SCND_TARGET of validation 2"},
    {"SV3_SCND_TARGET", "", "SCND_TARGET of validation 3"},
    {"PLATE_RA", "deg", "right ascension for PlateMaker"},
    {"PLATE_DEC", "deg", "declination for PlateMaker"},
    {"NUM_ITER", "", "moves of the positioner"},
    {"FIBER_X", "mm", "X on the focal plane (CS5)"},
    {"FIBER_Y", "mm", "Y on the focal plane (CS5)"},
    {"DELTA_X", "mm", "X wanted minus X reached"},
    {"DELTA_Y", "mm", "Y wanted minus Y reached"},
    {"FIBER_RA", "deg", "right ascension of the fiber"},
    {"FIBER_DEC", "deg", "declination of the fiber"},
    {"EXPTIME", "s", "exposure time"},
    {"PSF_TO_FIBER_SPECFLUX", "", "part of a point's light in the fiber"},
    {"FLAT_TO_PSF_FLUX", "", "correction for the fiber's aperture"},
    {"HELIOCOR_OFFSET", "", "offset of the barycentric correction"},
    {"NIGHT", "", "night, YYYYMMDD"},
    {"EXPID", "", "exposure"},
    {"MJD", "d", "start of the exposure"},
    {"MIN_MJD", "d", "start of the first exposure"},
    {"MEAN_MJD", "d", "mean start of the exposures"},
    {"MAX_MJD", "d", "start of the last exposure"},
    {"FIRSTNIGHT", "", "first night of the tile, YYYYMMDD"},
    {"LASTNIGHT", "", "last night of the tile, YYYYMMDD"},
    {"TILEID", "", "tile"},
    {"COADD_FIBERSTATUS", "", "FIBERSTATUS bits of all good exposures"},
    {"COADD_NUMEXP", "", "good exposures"},
    {"COADD_EXPTIME", "s", "their time in all"},
    {"COADD_NUMNIGHT", "", "their nights"},
    {"COADD_NUMTILE", "", "their tiles"},
    {"MEAN_DELTA_X", "mm", "mean DELTA_X of the exposures"},
    {"RMS_DELTA_X", "mm", "root mean square of DELTA_X"},
    {"MEAN_DELTA_Y", "mm", "mean DELTA_Y of the exposures"},
    {"RMS_DELTA_Y", "mm", "root mean square of DELTA_Y"},
    {"MEAN_FIBER_RA", "deg", "mean FIBER_RA of the exposures"},
    // The scatter is computed in arcsec, whatever other programs write beside it.
    {"STD_FIBER_RA", "arcsec", "scatter of FIBER_RA on the sky"},
    {"MEAN_FIBER_DEC", "deg", "mean FIBER_DEC of the exposures"},
    {"STD_FIBER_DEC", "arcsec", "scatter of FIBER_DEC"},
    {"MEAN_PSF_TO_FIBER_SPECFLUX", "", "mean PSF_TO_FIBER_SPECFLUX"},
    {"MEAN_FIBER_X", "mm", "mean FIBER_X of the exposures"},
    {"MEAN_FIBER_Y", "mm", "mean FIBER_Y of the exposures"},
    {"IN_COADD_B", "", "part of the coadd in b"},
    {"IN_COADD_R", "", "part of the coadd in r"},
    {"IN_COADD_Z", "", "part of the coadd in z"},
    {"COADD_NORM", "", "factor of the flux in the coadd"},
    {"SIGMA_COADD_NORM", "", "uncertainty of COADD_NORM"},
};

}  // namespace

void annotate_fibermap(io::Table& fibermap) {
  for (io::Column& column : fibermap.columns) {
    const auto* known = std::ranges::find(known_columns, column.name, &KnownColumn::name);
    if (known == std::end(known_columns)) continue;
    if (column.unit.empty()) column.unit = known->unit;
    if (column.description.empty()) column.description = known->description;
  }
}

}  // namespace zspex::pipeline
