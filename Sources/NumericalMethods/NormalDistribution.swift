#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// The standard normal distribution.
public enum NormalDistribution {
  /// Density at `z`.
  public static func density(_ z: Double) -> Double { 0.398_942_280_401_432_7 * exp(-0.5 * z * z) }

  /// Probability of a value at or below `z`.
  public static func cumulative(_ z: Double) -> Double { 0.5 * erfc(-z * 0.707_106_781_186_547_6) }

  /// The value with probability `p` below it, 0 < p < 1; relative error about 1e-15.
  ///
  /// - Source: M. J. Wichura, algorithm AS 241 (PPND16), Appl. Stat. 37 (1988) 477, doi:10.2307/2347330.
  public static func quantile(_ p: Double) -> Double {
    precondition(p > 0 && p < 1, "quantile of probability \(p)")
    let q = p - 0.5
    if abs(q) <= 0.425 { return q * centre(0.180625 - q * q) }
    let r = (-log(q < 0 ? p : 1 - p)).squareRoot()
    let size = r <= 5 ? near(r - 1.6) : far(r - 5)
    return q < 0 ? -size : size
  }

  /// The value with a share `p` below it of the normal cut to `low` … `high`, precise however far out these lie.
  public static func quantile(_ p: Double, from low: Double, to high: Double) -> Double {
    // By the tail that both lie in: differences of survivals do not cancel there.
    if low + high < 0 { return -quantile(1 - p, from: -high, to: -low) }
    let (above, beyond) = (cumulative(-low), cumulative(-high))
    let survival = above - p * (above - beyond)
    return min(max(-quantile(min(max(survival, 1e-300), 1 - 1e-16)), low), high)
  }

  private static func centre(_ r: Double) -> Double {
    var above = 2.509_080_928_730_122_672_7e3 * r + 3.343_057_558_358_812_810_5e4
    above = above * r + 6.726_577_092_700_870_085_3e4
    above = above * r + 4.592_195_393_154_987_145_7e4
    above = above * r + 1.373_169_376_550_946_112_5e4
    above = above * r + 1.971_590_950_306_551_442_7e3
    above = above * r + 1.331_416_678_917_843_774_5e2
    above = above * r + 3.387_132_872_796_366_608_0
    var below = 5.226_495_278_852_854_561_0e3 * r + 2.872_908_573_572_194_267_4e4
    below = below * r + 3.930_789_580_009_271_061_0e4
    below = below * r + 2.121_379_430_158_659_586_7e4
    below = below * r + 5.394_196_021_424_751_107_7e3
    below = below * r + 6.871_870_074_920_579_083_0e2
    below = below * r + 4.231_333_070_160_091_125_2e1
    return above / (below * r + 1)
  }

  private static func near(_ r: Double) -> Double {
    var above = 7.745_450_142_783_414_076_40e-4 * r + 2.272_384_498_926_918_458_33e-2
    above = above * r + 2.417_807_251_774_506_117_70e-1
    above = above * r + 1.270_458_252_452_368_382_58
    above = above * r + 3.647_848_324_763_204_605_04
    above = above * r + 5.769_497_221_460_691_405_50
    above = above * r + 4.630_337_846_156_545_295_90
    above = above * r + 1.423_437_110_749_683_577_34
    var below = 1.050_750_071_644_416_843_24e-9 * r + 5.475_938_084_995_344_946_00e-4
    below = below * r + 1.519_866_656_361_645_719_66e-2
    below = below * r + 1.481_039_764_274_800_745_90e-1
    below = below * r + 6.897_673_349_851_000_045_50e-1
    below = below * r + 1.676_384_830_183_803_849_40
    below = below * r + 2.053_191_626_637_758_821_87
    return above / (below * r + 1)
  }

  private static func far(_ r: Double) -> Double {
    var above = 2.010_334_399_292_288_132_65e-7 * r + 2.711_555_568_743_487_578_15e-5
    above = above * r + 1.242_660_947_388_078_438_60e-3
    above = above * r + 2.653_218_952_657_612_309_30e-2
    above = above * r + 2.965_605_718_285_048_912_30e-1
    above = above * r + 1.784_826_539_917_291_335_80
    above = above * r + 5.463_784_911_164_114_369_90
    above = above * r + 6.657_904_643_501_103_777_20
    var below = 2.044_263_103_389_939_785_64e-15 * r + 1.421_511_758_316_445_888_70e-7
    below = below * r + 1.846_318_317_510_054_681_80e-5
    below = below * r + 7.868_691_311_456_132_591_00e-4
    below = below * r + 1.487_536_129_085_061_485_25e-2
    below = below * r + 1.369_298_809_227_358_053_10e-1
    below = below * r + 5.998_322_065_558_879_376_90e-1
    return above / (below * r + 1)
  }
}
