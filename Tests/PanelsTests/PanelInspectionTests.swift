import Diagnostics
import Foundation
import Panels
import Storage
import TestSupport
import Testing

@Suite struct PanelInspectionTests {
  private let folder: ScratchFolder
  private let example = ExamplePanel()

  init() throws { folder = try ScratchFolder() }

  @Test(arguments: Panel.Layout.allCases)
  func `units, missing outcomes and ranges are counted`(layout: Panel.Layout) throws {
    let paths = try example.write(layout, files: 3, in: folder)
    let inspection = PanelInspection(paths)
    #expect(inspection.isSound && inspection.exitCode == nil && inspection.layout == layout && inspection.units == 23)
    #expect(inspection.arms.map(\.name) == example.arms && inspection.arms.map(\.units) == [8, 8, 7])
    let cells = (0..<23).flatMap { unit in (0..<9).flatMap { period in (0..<2).map { (unit, period, $0) } } }
    func share(_ isCounted: ((Int, Int, Int)) -> Bool) -> Double {
      let counted = cells.filter(isCounted)
      return Double(counted.count { example.value($0.0, $0.1, $0.2).isNaN }) / Double(counted.count)
    }
    for arm in 0..<3 { #expect(inspection.arms[arm].missingShare == share { $0.0 % 3 == arm }) }
    for period in 0..<9 { #expect(inspection.periods[period].missingShare == share { $0.1 == period }) }
    #expect(inspection.periods.map(\.starts) == [0, 0, 0, 0, 8, 7, 0, 0, 0])
    let prices = cells.filter { $0.2 == 1 }.map { example.value($0.0, $0.1, 1) }.filter { !$0.isNaN }
    #expect(inspection.metrics[1].minimum == prices.min() && inspection.metrics[1].maximum == prices.max())
    #expect(inspection.metrics[1].missing == 23 * 9 - prices.count)
    #expect(abs(inspection.metrics[1].mean! - prices.reduce(0, +) / Double(prices.count)) < 1e-9)
    #expect(try inspection.digest == PanelContent(paths, ranks: 2).digest)
    #expect(PanelInspection.isPanel(paths))
  }

  @Test func `what is wrong is listed`() throws {
    let path = try example.write(.units, files: 1, in: folder)[0]
    #expect(PanelInspection([path, path]).problems.first?.contains("given twice") == true)
    #expect(PanelInspection([folder.file("nowhere.h5")]).exitCode == .noInput)
    _ = try pythonOutput("import h5py, sys; h5py.File(sys.argv[1], 'r+')['arm'][1] = 9", path)
    let inspection = PanelInspection([path])
    #expect(inspection.exitCode == .data && inspection.problems.first?.contains("9 is no code of the 3 arms") == true)
  }
}
