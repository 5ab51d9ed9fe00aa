import Diagnostics

/// One piece of work of many that can be done side by side, such as the fit of one combination of options.
public protocol ScheduledCell: Codable, Hashable, Sendable {
  /// A name for files, unlike that of any other cell.
  var name: String { get }
}

/// What a cell came to, as it is kept in the folder.
public protocol ScheduledResult: Codable, Sendable {
  associatedtype Cell: ScheduledCell
  var cell: Cell { get }
  /// Why the cell has no result; such a cell is done again when the others are gone on with.
  var failure: Failure? { get }
}
