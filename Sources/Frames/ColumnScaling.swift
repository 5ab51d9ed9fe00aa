/// The affine map of each column on its way in: (value - center) / scale. The center is the mean, so that sums of
/// products do not cancel; the scale is 1 unless columns are standardised.
public struct ColumnScaling: Sendable, Codable, Equatable {
  /// The centers of x_1 … x_m, then that of t.
  public var centers: [Double]
  public var scales: [Double]

  public init(centers: [Double], scales: [Double]) {
    self.centers = centers
    self.scales = scales
  }
}
