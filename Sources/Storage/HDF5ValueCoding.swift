internal import CHDF5
import Diagnostics

/// What the attributes of a dataset say of its numbers: which ones mean that there is no value, and how the others are
/// scaled. The conventions are those of netCDF (NUG and CF), of rhdf5 and, for integers of 32 bits, of R itself.
///
/// A fill value that is only the property of a dataset marks nothing: it stands where nothing was written, which
/// ``HDF5Dataset/requireStored()`` refuses.
package struct HDF5ValueCoding: Sendable, Equatable {
  /// Numbers as they are stored that stand for no value.
  struct Marker: Sendable, Equatable {
    let value: Double
    /// The attribute, or whose convention it is.
    let name: String
  }

  private(set) var markers: [Marker] = []
  /// What is valid; numbers outside mean that there is no value.
  private(set) var low: Double?
  private(set) var high: Double?
  /// Whether the range is one of scaled values rather than of stored ones.
  private(set) var rangeIsScaled = false
  private(set) var scale = 1.0
  private(set) var offset = 0.0
  /// What negative integers lack that were stored without a sign.
  private(set) var unsignedShift = 0.0

  /// Whether numbers other than the markers change.
  package var isScaled: Bool { scale != 1 || offset != 0 || unsignedShift != 0 }

  /// The scale for people; nil when there is none.
  package var scalingWords: String? {
    isScaled ? "\(unsignedShift == 0 ? "stored" : "unsigned stored") value * \(scale) + \(offset)" : nil
  }

  /// Why a stored number is no value; nil when it is one.
  package func reasonMissing(_ stored: Double) -> String? {
    if let marker = markers.first(where: { $0.value == stored }) { return "means missing (\(marker.name))" }
    return isMissing(stored) ? "lies outside of the dataset's valid range, which means missing" : nil
  }

  /// Whether a stored number stands for no value.
  package func isMissing(_ stored: Double) -> Bool {
    markers.contains { $0.value == stored } || isOutside(stored: stored, decoded(stored))
  }

  /// What marks that there is no value, for people.
  package var markerWords: String {
    let range = low == nil && high == nil ? [] : ["outside of the valid range"]
    return (markers.map { "\($0.value) is \($0.name)" } + range).joined(separator: ", ")
  }

  /// Replaces stored numbers by what they mean, and those that stand for no value by NaN.
  package func decode(_ values: UnsafeMutableBufferPointer<Double>) {
    for index in values.indices {
      let stored = values[index]
      values[index] = isMissing(stored) ? .nan : decoded(stored)
    }
  }

  package func decode(_ values: inout [Double]) { values.withUnsafeMutableBufferPointer { decode($0) } }

  private func decoded(_ stored: Double) -> Double {
    guard isScaled else { return stored }
    return (stored < 0 ? stored + unsignedShift : stored) * scale + offset
  }

  private func isOutside(stored: Double, _ value: Double) -> Bool {
    let number = rangeIsScaled ? value : stored < 0 ? stored + unsignedShift : stored
    return (low.map { number < $0 } ?? false) || (high.map { number > $0 } ?? false)
  }
}

extension HDF5Dataset {
  /// What the attributes say of the numbers; nil when they are what they are.
  ///
  /// - Throws: ``Failure`` `data` when an attribute of the conventions is no number, or the dataset is an empty array of
  ///   MATLAB, which is stored as its shape.
  package func valueCoding(in file: borrowing HDF5File) throws -> HDF5ValueCoding? {
    let type = try openType()
    let coding = try HDF5ValueCoding(
      HDF5ValueCoding.Storage(type.id), of: location, isFromNetCDF: try file.isFromNetCDF()
    ) { try file.attribute($0, of: name) }
    if case .integer(let isEmpty)? = try file.attribute("MATLAB_empty", of: name), isEmpty != 0 {
      throw Failure(.data, "\(location) is an empty array of MATLAB; leave it out, or write its values")
    }
    return coding == HDF5ValueCoding() ? nil : coding
  }
}

extension HDF5File {
  /// Whether the netCDF library wrote the file: it has fill values of its own where no attribute says otherwise.
  fileprivate func isFromNetCDF() throws -> Bool { try attribute("_NCProperties") != nil }
}

extension HDF5ValueCoding {
  /// The type of the stored numbers, as far as the conventions depend on it.
  fileprivate struct Storage {
    let isInteger: Bool
    let isSigned: Bool
    let byteCount: Int

    init(_ type: hid_t) {
      (isInteger, isSigned, byteCount) = HDF5Library.locked {
        (H5Tget_class(type) == H5T_INTEGER, H5Tget_sign(type) == H5T_SGN_2, H5Tget_size(type))
      }
    }

    /// A number of an attribute as the dataset would store it.
    func rounded(_ value: Double) -> Double { !isInteger && byteCount == 4 ? Double(Float(value)) : value }

    /// What the netCDF library writes where nothing was written.
    var netCDFFill: Double? {
      switch (isInteger, isSigned, byteCount) {
      case (false, _, 4), (false, _, 8): rounded(9.969_209_968_386_869e36)
      case (true, true, 2): -32_767
      case (true, true, 4): -2_147_483_647
      case (true, true, 8): -0x1p63
      case (true, false, 2): 65_535
      case (true, false, 4): 4_294_967_295
      case (true, false, 8): 0x1p64
      default: nil
      }
    }
  }

  fileprivate init(
    _ storage: Storage, of location: String, isFromNetCDF: Bool, _ attribute: (String) throws -> HDF5Attribute?
  ) throws {
    func numbers(_ name: String) throws -> [Double] { try attribute(name)?.numbers ?? [] }
    // Left aside, they would leave other numbers than those that are meant.
    for name in ["_FillValue", "missing_value", "scale_factor", "add_offset"] {
      guard case .string(let text)? = try attribute(name), !text.isEmpty, try numbers(name).isEmpty else { continue }
      throw Failure(
        .data, "\(location): the attribute '\(name)' is '\(text)', which is no number; write it as one, or remove it")
    }
    for name in ["_FillValue", "missing_value"] {
      markers += try numbers(name).filter { !$0.isNaN }.map { Marker(value: storage.rounded($0), name: name) }
    }
    if isFromNetCDF, markers.isEmpty, let fill = storage.netCDFFill {
      markers.append(Marker(value: fill, name: "the fill value of netCDF"))
    }
    if storage.isInteger && storage.isSigned && storage.byteCount == 4 {
      markers.append(Marker(value: Double(Int32.min), name: "NA of R"))
    }
    scale = try numbers("scale_factor").first ?? 1
    offset = try numbers("add_offset").first ?? 0
    if case .string(let text)? = try attribute("_Unsigned"), text.lowercased() == "true", storage.isInteger,
      storage.isSigned
    {
      unsignedShift = Double(sign: .plus, exponent: 8 * storage.byteCount, significand: 1)
    }
    let range = try attribute("valid_range")
    let limits = (range?.numbers ?? []).map(storage.rounded)
    let least = try attribute("valid_min") ?? range
    let most = try attribute("valid_max") ?? range
    low = limits.count == 2 ? limits[0] : try numbers("valid_min").first.map(storage.rounded)
    high = limits.count == 2 ? limits[1] : try numbers("valid_max").first.map(storage.rounded)
    // Of packed integers, a range of floating-point numbers is one of what they stand for.
    rangeIsScaled = storage.isInteger && isScaled && [least, most].contains { $0?.isFloatingPoint == true }
    if !rangeIsScaled && unsignedShift > 0 {
      low = low.map { $0 < 0 ? $0 + unsignedShift : $0 }
      high = high.map { $0 < 0 ? $0 + unsignedShift : $0 }
    }
  }
}

extension HDF5Attribute {
  /// The numbers that it holds; none for texts.
  fileprivate var numbers: [Double] {
    switch self {
    case .integer(let value): [Double(value)]
    case .integers(let values): values.map(Double.init)
    case .number(let value): [value]
    case .numbers(let values): values
    case .string(let text): Double(text).map { [$0] } ?? []
    case .strings(let texts): texts.compactMap { Double($0) }
    }
  }

  fileprivate var isFloatingPoint: Bool {
    switch self {
    case .number, .numbers: true
    default: false
    }
  }
}
