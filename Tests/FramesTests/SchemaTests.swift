import Diagnostics
import Foundation
import Frames
import Testing

@Suite struct SchemaTests {
  private func message(_ body: () throws -> Void) -> String {
    let failure = #expect(throws: Failure.self) { try body() }
    #expect(failure?.exitCode == .data)
    return failure?.message ?? ""
  }

  @Test func `columns are found by role and name`() throws {
    let schema = ExampleSource.schema
    #expect(schema.indices(of: .covariate) == [0, 1, 2])
    #expect(schema.indices(of: .identifier).isEmpty)
    #expect(try schema.index(of: .institution) == 7 && schema.index(named: "ward") == 8)
    #expect(schema.roles == Set(Role.allCases).subtracting([.identifier]))
  }

  @Test func `a column that is not there or not alone is named with those there are`() throws {
    let schema = try Schema([
      Column("weight", .covariate), Column("weight", .weight), Column("z1", .instrument), Column("z2", .instrument),
    ])
    #expect(
      message { _ = try schema.index(of: .outcome) }
        == "no column is outcome; there are 'weight' (covariate), 'weight' (weight), 'z1' (instrument), "
        + "'z2' (instrument); give one this role")
    #expect(
      message { _ = try schema.index(of: .instrument) }
        == "columns 'z1', 'z2' are instrument, and one is wanted; name it")
    #expect(message { _ = try schema.index(named: "z3") }.hasPrefix("no column is named 'z3'; there are 'weight'"))
    #expect(
      message { _ = try schema.index(named: "weight") }
        == "2 columns are named 'weight' (covariate, weight); ask for one by its role")
  }

  @Test(arguments: Role.allCases) func `a role is taken twice only where it may repeat`(role: Role) throws {
    let columns = [Column("a", role, .integer), Column("b", role, .integer)]
    if role.mayRepeat {
      #expect(try Schema(columns).indices(of: role) == [0, 1])
    } else {
      #expect(message { _ = try Schema(columns) } == "columns 'a' and 'b' are both \(role.rawValue); only one can be")
    }
  }

  @Test func `levels of one name and vectors without a number are refused`() {
    #expect(
      message { _ = try Schema([Column("c", .cluster, .categorical(levels: ["x", "y", "x"]))]) }
        == "column 'c' has two levels of one name; name each level once")
    #expect(message { _ = try Schema([Column("v", .covariate, .vector(width: 0))]) }.contains("vectors of 0 numbers"))
  }

  @Test func `a schema comes back from JSON, and an unknown kind does not`() throws {
    let schema = ExampleSource.schema
    let data = try JSONEncoder().encode(schema)
    #expect(try JSONDecoder().decode(Schema.self, from: data) == schema)
    let strange = Data(#"{"columns": [{"name": "a", "role": "covariate", "kind": "complex"}]}"#.utf8)
    #expect(throws: DecodingError.self) { try JSONDecoder().decode(Schema.self, from: strange) }
  }

  @Test func `categories by name are coded in the order of code points`() {
    let column = FrameColumn.categorical("site", .institution, ["b", nil, "B", "ä", "b"], allowsMissing: true)
    #expect(column.column.kind.levels == ["B", "b", "ä"])
    #expect(column.values == .codes([1, -1, 0, 2, 1]))
  }
}
