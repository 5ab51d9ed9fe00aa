internal import CHDF5
import Diagnostics

/// The owner of one HDF5 identifier; closes it when it goes out of scope.
struct HDF5Handle: ~Copyable {
  let id: hid_t
  private let closing: @convention(c) (hid_t) -> herr_t

  /// Takes over the identifier that `open` returns.
  ///
  /// - Throws: ``Failure`` when the call fails.
  init(
    _ call: String, on subject: String, _ exitCode: ExitCode, closedBy closing: @convention(c) (hid_t) -> herr_t,
    _ open: () -> hid_t
  ) throws {
    self.id = try HDF5Library.check(call, on: subject, exitCode, open)
    self.closing = closing
  }

  deinit {
    HDF5Library.locked { _ = closing(id) }
  }

  /// Closes now, and says when that failed: the last writes of a file happen here.
  consuming func close(_ call: String, on subject: String) throws {
    let (id, closing) = (self.id, self.closing)
    discard self
    try HDF5Library.check(call, on: subject, .inputOutput) { closing(id) }
  }
}

/// A number that a dataset holds and that Swift reads.
public enum HDF5Number: Sendable {
  case float64, int64, uint64, int32, uint8

  /// The type in memory.
  var memoryType: hid_t {
    switch self {
    case .float64: giv_h5t_native_double()
    case .int64: giv_h5t_native_int64()
    case .uint64: giv_h5t_native_uint64()
    case .int32: giv_h5t_native_int32()
    case .uint8: giv_h5t_native_uint8()
    }
  }

  /// The type in files that we write: little-endian, whatever the machine.
  var fileType: hid_t {
    switch self {
    case .float64: giv_h5t_ieee_f64le()
    case .int64: giv_h5t_std_i64le()
    case .uint64: giv_h5t_std_u64le()
    case .int32: giv_h5t_std_i32le()
    case .uint8: giv_h5t_std_u8le()
    }
  }
}

/// A Swift number that datasets and attributes are read into and written from.
public protocol HDF5Element: BitwiseCopyable, Sendable {
  static var number: HDF5Number { get }
  static var zero: Self { get }
}

extension Double: HDF5Element {
  public static var number: HDF5Number { .float64 }
}

extension Int64: HDF5Element {
  public static var number: HDF5Number { .int64 }
}

extension UInt64: HDF5Element {
  public static var number: HDF5Number { .uint64 }
}

extension Int32: HDF5Element {
  public static var number: HDF5Number { .int32 }
}

extension UInt8: HDF5Element {
  public static var number: HDF5Number { .uint8 }
}
