// How fast a device is that works while the host gives it the next tile.
#include <gtest/gtest.h>

#include "pipeline/redshift/tile_queue.hpp"

namespace zspex::pipeline {
namespace {

TEST(DeliveryRate, IsUnknownBeforeTheSecondDelivery) {
  DeliveryRate rate;
  rate.add(100, 0.001);  // starts a tile
  EXPECT_FALSE(rate.known());
  rate.add(100, 9);  // ends it: the device woke up
  EXPECT_FALSE(rate.known());
  rate.add(100, 2);
  ASSERT_TRUE(rate.known());
  EXPECT_EQ(rate.value(), 50);
}

TEST(DeliveryRate, IsThatOfTheTilesThatWereDelivered) {
  DeliveryRate rate;
  for (const double cost : {10.0, 20.0, 40.0, 80.0}) rate.add(cost, 2);
  EXPECT_EQ(rate.value(), (20 + 40) / 4.0) << "the last one is still under way";
}

}  // namespace
}  // namespace zspex::pipeline
