extension Finding {
  /// A value of a finding, encoded without its kind: numbers that are not finite are null.
  public enum Value: Sendable, Equatable {
    case count(Int)
    case number(Double)
    case name(String)
    case names([String])
    case counts([Int])
    case test(statistic: Double, degreesOfFreedom: Int, pValue: Double)
  }

  /// What a value of a finding is.
  public enum Key: String, Sendable, Codable, CodingKeyRepresentable, CaseIterable {
    /// Covariates, features, fits: whatever the finding lists.
    case names
    /// A column or dataset, and the levels of its categories.
    case column, levels
    /// One for each of the names.
    case counts
    /// How many of a total.
    case count, total
    case groups, passes, parameters, rows, rounds
    /// Groups of the fit compared with.
    case fewerGroups
    /// The number of a group.
    case group
    /// A value of a column, and the number of its values.
    case value, distinct
    /// A row, counted from 0: of all, and of the file of that name; and a line of it.
    case row, fileRow, file, line
    /// Rows of a group, counted from 0.
    case memberRows
    /// Added to the diagonal of a matrix, as a share of it.
    case ridge
    /// In standard errors.
    case distance
    /// In standard deviations.
    case difference
    /// The ends of a range.
    case low, high
    case bic, splineBIC
    case effectiveF, craggDonald, critical
    case pValue, share
    case condition
    case label
    /// The stratum that a finding is about; none where it is about all rows.
    case stratum
    case test
    case criterion, distribution, representation, lambda
    /// A fit of a sweep.
    case cell
    /// An option of the command line.
    case option
    /// Why something was not done, as a failure says it.
    case reason
  }
}

extension Finding.Value: Codable {
  private struct Test: Codable {
    let statistic: Double
    let degreesOfFreedom: Int
    let pValue: Double
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .number(.nan)
    } else if let value = try? container.decode(Int.self) {
      self = .count(value)
    } else if let value = try? container.decode(Double.self) {
      self = .number(value)
    } else if let value = try? container.decode(String.self) {
      self = .name(value)
    } else if let value = try? container.decode([Int].self) {
      self = .counts(value)
    } else if let value = try? container.decode([String].self) {
      self = .names(value)
    } else {
      let test = try container.decode(Test.self)
      self = .test(statistic: test.statistic, degreesOfFreedom: test.degreesOfFreedom, pValue: test.pValue)
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .count(let value): try container.encode(value)
    case .number(let value): try value.isFinite ? container.encode(value) : container.encodeNil()
    case .name(let value): try container.encode(value)
    case .names(let values): try container.encode(values)
    case .counts(let values): try container.encode(values)
    case .test(let statistic, let degreesOfFreedom, let pValue):
      try container.encode(Test(statistic: statistic, degreesOfFreedom: degreesOfFreedom, pValue: pValue))
    }
  }
}
