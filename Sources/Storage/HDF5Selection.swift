internal import CHDF5
import Diagnostics

/// Elements of a data space: those that a mapping of a virtual dataset fills, or takes from a source.
struct HDF5Selection: ~Copyable {
  private var space: HDF5Handle
  private let subject: String

  /// Takes over the data space that `open` returns.
  init(_ call: String, on subject: String, _ open: () -> hid_t) throws {
    space = try HDF5Handle(call, on: subject, .data, closedBy: H5Sclose, open)
    self.subject = subject
  }

  private init(_ space: consuming HDF5Handle, on subject: String) {
    self.space = space
    self.subject = subject
  }

  /// Nothing of a data space.
  static func none(of extents: [Int], on subject: String) throws -> HDF5Selection {
    let sizes = extents.map { hsize_t($0) }
    let selection = try HDF5Selection("H5Screate_simple", on: subject) {
      H5Screate_simple(Int32(sizes.count), sizes, nil)
    }
    try selection.check("H5Sselect_none") { H5Sselect_none(selection.space.id) }
    return selection
  }

  /// Whether it goes on as far as the data space does.
  var isUnlimited: Bool {
    HDF5Library.locked { H5Sget_select_npoints(space.id) } == hssize_t(bitPattern: giv_h5s_unlimited())
  }

  var isAll: Bool { HDF5Library.locked { H5Sget_select_type(space.id) } == H5S_SEL_ALL }

  /// What lies inside of a data space.
  ///
  /// - Throws: ``Failure`` `data` when a selection that has ends does not fit.
  func clipped(to extents: [Int]) throws -> HDF5Selection {
    let sizes = extents.map { hsize_t($0) }
    if isAll { return try Self.box([hsize_t](repeating: 0, count: sizes.count), sizes, in: sizes, subject) }
    let rank = Int(HDF5Library.locked { H5Sget_simple_extent_ndims(space.id) })
    guard rank == sizes.count else {
      throw Failure(.data, "\(subject): a selection of \(rank) dimensions does not fit \(sizes.count); write it again")
    }
    if isUnlimited { return try clippedUnlimited(to: sizes) }
    var (low, high) = ([hsize_t](repeating: 0, count: rank), [hsize_t](repeating: 0, count: rank))
    try check("H5Sget_select_bounds") { H5Sget_select_bounds(space.id, &low, &high) }
    guard zip(high, sizes).allSatisfy({ $0 < $1 }) else {
      throw Failure(
        .data,
        "\(subject): values up to \(high.map { $0 &+ 1 }) are mapped, and there are \(extents); write the source, or the virtual "
          + "dataset, again")
    }
    return HDF5Selection(try copy(), on: subject)
  }

  /// Whole blocks up to the end of the data space, and what is left of the one there.
  private func clippedUnlimited(to sizes: [hsize_t]) throws -> HDF5Selection {
    let zeros = [hsize_t](repeating: 0, count: sizes.count)
    var (start, stride, count, block) = (zeros, zeros, zeros, zeros)
    try check("H5Sget_regular_hyperslab") { H5Sget_regular_hyperslab(space.id, &start, &stride, &count, &block) }
    let unlimited = giv_h5s_unlimited()
    let dimension = sizes.indices.first { count[$0] == unlimited || block[$0] == unlimited }!
    let length = sizes[dimension] > start[dimension] ? sizes[dimension] - start[dimension] : 0
    let clipped = try HDF5Selection.none(of: sizes.map { Int($0) }, on: subject)
    if block[dimension] == unlimited || stride[dimension] == block[dimension] {
      (count[dimension], block[dimension], stride[dimension]) = (1, length, max(1, length))
      if length > 0 { try clipped.add(start, stride, count, block) }
      return clipped
    }
    let whole = length < block[dimension] ? 0 : (length - block[dimension]) / stride[dimension] + 1
    count[dimension] = whole
    if whole > 0 { try clipped.add(start, stride, count, block) }
    start[dimension] &+= whole &* stride[dimension]
    if start[dimension] < sizes[dimension] {
      (count[dimension], block[dimension]) = (1, sizes[dimension] - start[dimension])
      try clipped.add(start, stride, count, block)
    }
    return clipped
  }

  /// The elements of a box.
  private static func box(
    _ start: [hsize_t], _ extents: [hsize_t], in sizes: [hsize_t], _ subject: String
  ) throws -> HDF5Selection {
    let selection = try HDF5Selection.none(of: sizes.map { Int($0) }, on: subject)
    try selection.check("H5Sselect_hyperslab") {
      H5Sselect_hyperslab(selection.space.id, H5S_SELECT_SET, start, nil, extents, nil)
    }
    return selection
  }

  private func add(_ start: [hsize_t], _ stride: [hsize_t], _ count: [hsize_t], _ block: [hsize_t]) throws {
    try check("H5Sselect_hyperslab") {
      H5Sselect_hyperslab(space.id, isEmpty ? H5S_SELECT_SET : H5S_SELECT_OR, start, stride, count, block)
    }
  }

  private var isEmpty: Bool { HDF5Library.locked { H5Sget_select_type(space.id) } == H5S_SEL_NONE }

  /// The number of elements.
  func count() throws -> Int {
    Int(try check("H5Sget_select_npoints") { H5Sget_select_npoints(space.id) })
  }

  /// Adds the elements of another selection; both are clipped.
  mutating func formUnion(_ other: borrowing HDF5Selection) throws {
    if other.isEmpty { return }
    guard !isEmpty else {
      space = try other.copy()
      return
    }
    try check("H5Smodify_select") { H5Smodify_select(space.id, H5S_SELECT_OR, other.space.id) }
  }

  /// The first row with an element of a data space that is not selected; the selection is clipped and not complete.
  func firstRowOutside(of extents: [Int]) throws -> Int {
    if isEmpty { return 0 }
    let sizes = extents.map { hsize_t($0) }
    let zeros = [hsize_t](repeating: 0, count: sizes.count)
    let rest = try Self.box(zeros, sizes, in: sizes, subject)
    try check("H5Smodify_select") { H5Smodify_select(rest.space.id, H5S_SELECT_NOTB, space.id) }
    var (low, high) = (zeros, zeros)
    try check("H5Sget_select_bounds") { H5Sget_select_bounds(rest.space.id, &low, &high) }
    return Int(low[0])
  }

  private func copy() throws -> HDF5Handle {
    try HDF5Handle("H5Scopy", on: subject, .data, closedBy: H5Sclose) { H5Scopy(space.id) }
  }

  @discardableResult
  private func check<Status: SignedInteger>(_ call: String, _ body: () -> Status) throws -> Status {
    try HDF5Library.check(call, on: subject, .data, body)
  }
}
