import Diagnostics

/// What a run has to say, as a value that any front end can show: sections in the order in which they are to be read.
///
/// Numbers stay numbers until they are shown; ``text`` is how a terminal shows them.
public struct Report: Sendable, Equatable {
  public var sections: [Section]

  public init(_ sections: [Section]) { self.sections = sections }

  /// Blocks that belong together. A section without blocks is not shown.
  public struct Section: Sendable, Equatable {
    public var title: String?
    public var blocks: [Block]

    public init(_ title: String? = nil, _ blocks: [Block]) {
      self.title = title
      self.blocks = blocks
    }
  }

  public enum Block: Sendable, Equatable {
    /// A sentence.
    case line(String)
    /// Numbers side by side.
    case facts([Fact])
    /// Values of many things of one kind, under the section's title.
    case list([Fact])
    /// One number by each of several names.
    case series(String, [Fact])
    /// One number for each group.
    case estimates(Estimates)
    case table(Table)
    case findings([Finding])
  }

  /// A value with its name before it, or its unit behind it, or both.
  public struct Fact: Sendable, Equatable {
    public let name: String
    public let value: Cell
    public let unit: String

    public init(_ name: String, _ value: Cell, unit: String = "") {
      self.name = name
      self.value = value
      self.unit = unit
    }
  }

  /// Estimates of one parameter in all groups, with the test of all being 0 where there is one.
  public struct Estimates: Sendable, Equatable {
    public let name: String
    public let values: [Cell]
    /// A value of the kind `test`.
    public let test: Finding.Value?

    public init(_ name: String, _ values: [Cell], test: Finding.Value? = nil) {
      self.name = name
      self.values = values
      self.test = test
    }
  }

  public struct Table: Sendable, Equatable {
    public let columns: [Column]
    public var rows: [[Cell]]
    /// What is to be read below it.
    public var note: String?

    public init(_ columns: [Column], rows: [[Cell]] = [], note: String? = nil) {
      self.columns = columns
      self.rows = rows
      self.note = note
    }

    public struct Column: Sendable, Equatable {
      public let title: String
      /// Whether some of its cells are ``Cell/marked(_:)``.
      public let hasMarks: Bool

      public init(_ title: String, hasMarks: Bool = false) {
        self.title = title
        self.hasMarks = hasMarks
      }
    }
  }

  public indirect enum Cell: Sendable, Equatable {
    case text(String)
    case count(Int)
    /// A number with the digits that are worth showing.
    case number(Double, Digits)
    case interval(ClosedRange<Double>)
    /// A value and its standard error, if it has one.
    case estimate(Double, error: Double?)
    /// One that stands out in its column.
    case marked(Cell)
    /// A value that is not defined.
    case undefined
  }

  public enum Digits: Sendable, Equatable {
    case significant
    case decimals(Int)
    /// Of a p-value: no more than that it is below 1e-9.
    case probability
  }
}

extension Report.Cell {
  /// Five significant digits, or nothing.
  static func significant(_ value: Double?) -> Self { value.map { .number($0, .significant) } ?? .undefined }

  static func decimals(_ value: Double?, _ count: Int) -> Self {
    value.map { .number($0, .decimals(count)) } ?? .undefined
  }
}
