/// What a program that goes on with the work of another must agree with it on.
public enum SoftwareVersion {
  /// The version of the program, as it is stored with every result.
  public static let program = "0.2.0"
  /// The version of the numbers: raised by every change after which the same options and rows give other bits.
  ///
  /// Programs of one numerics version may go on with each other's runs on any processor, for none of their kernels
  /// rounds differently.
  public static let numerics = "9"
}
