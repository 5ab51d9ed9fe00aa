import Communication
import Diagnostics
import Foundation
import Frames
import Panels
import Storage
import TestSupport
import Testing

/// A panel that cannot be used, made by h5py, and what is said of it on 1 and 3 ranks.
@Suite struct PanelRefusalTests {
  struct Case: Sendable, CustomStringConvertible {
    let description: String
    /// What changes in the good file: a statement over `f`, or over the list `files` of the paths to open.
    let change: String
    let words: [String]
    var exitCode = ExitCode.data

    init(_ description: String, _ change: String, _ words: String..., exitCode: ExitCode = .data) {
      (self.description, self.change, self.words, self.exitCode) = (description, change, words, exitCode)
    }
  }

  static let cases = [
    Case("no outcomes", "del f['y']", "has no dataset 'y'", "--y"),
    Case("outcomes of one dimension", "replace('y', np.zeros(4))", "has the shape [4]", "[units, periods]"),
    Case("outcomes that are texts", "replace('y', [['a'] * 3] * 4)", "holds strings", "float64"),
    Case("no arms", "del f['arm']", "has no dataset 'arm'", "--arm"),
    Case("an arm code beyond the list", "f['arm'][2] = 7", "unit 'c' (row 2", "7 is no code of the 2 arms none, tax"),
    Case("a negative arm code", "f['arm'][0] = -1", "unit 'a'", "-1 is no code"),
    Case("too few arms", "replace('arm', [0, 1])", "'arm' has 2 entries", "4 units"),
    Case("two arms of one name", "f.attrs['arms'] = ['none', 'none']", "two arms are named alike"),
    Case("too few periods", "f.attrs['periods'] = [1, 2]", "'periods' has 2 entries", "3 periods"),
    Case("no periods", "del f.attrs['periods']", "no attribute 'periods'", "--time"),
    Case("a period twice", "f.attrs['periods'] = [1, 2, 2]", "period '2' is there twice"),
    Case("periods out of order", "f.attrs['periods'] = [1, 3, 2]", "period 2 follows 3", "order of time"),
    Case("a unit twice", "replace('id', list('abca'))", "unit 'a' is there twice"),
    Case("an infinite value", "f['y'][1, 2] = -np.inf", "unit 'b', period 3: -inf", "NaN when it is missing"),
    Case("a start beyond the periods", "f['start'] = [-1, 1, -1, 3]", "the start of unit 'd' is 3", "3 periods"),
    Case("an unknown layout", "f.attrs['layout'] = 'rows'", "'layout' is none of 'units' and 'periods'"),
    Case("a later format", "f.attrs['giv-record'] = record('giv-panel', '2.0.0')", "panel format 2.0.0", "update it"),
    Case("a shard", "f.attrs['giv-record'] = record('giv-shard', '2.1.0')", "is a shard of rows, not a panel"),
    Case("a file given twice", "files.append(files[0])", "is given twice"),
    Case("units of two files", "second()", "unit 'a' is there twice", "good.h5 and", "second.h5"),
    Case(
      "other arms", "second(id=list('efgh'), arms=['none', 'price'])", "disagree on the arms (none, tax; none, price)"),
    Case(
      "other periods", "second(id=list('efgh'), periods=[1, 2, 4])", "disagree on the periods ('3' and '4' in place 3)"),
    Case("no such file", "files[0] = 'nowhere.h5'", "nowhere.h5", exitCode: .noInput),
    Case("a file cut short", "cut = True", "truncated"),
  ]

  @Test(arguments: cases, [1, 3])
  func `is refused alike on all ranks`(bad: Case, ranks: Int) throws {
    let folder = try ScratchFolder()
    let printed = try pythonOutput(
      """
      import h5py, json, sys, numpy as np
      good = sys.argv[1] + '/good.h5'
      files, cut = [good], False
      def write(path, id=list('abcd'), arms=['none', 'tax'], periods=[1, 2, 3]):
          with h5py.File(path, 'w') as f:
              f['y'], f['arm'], f['id'] = np.arange(12.).reshape(4, 3), [0, 1, 1, 0], id
              f.attrs['arms'], f.attrs['periods'] = arms, periods
      def second(**changes):
          files.append(sys.argv[1] + '/second.h5')
          write(files[-1], **changes)
      def record(kind, version):
          return np.bytes_(json.dumps(dict(encodingType=kind, encodingVersion=version)).encode())
      write(good)
      with h5py.File(good, 'r+') as f:
          def replace(name, values):
              del f[name]
              f[name] = values
          exec(sys.argv[2])
      if cut:
          data = open(good, 'rb').read()
          open(good, 'wb').write(data[:len(data) // 2])
      print(*files, sep='\\n')
      """, folder.path, bad.change)
    let files = printed.split(separator: "\n").map(String.init)
    let messages = try LoopbackCommunicator.run(ranks: ranks) { communicator in
      failure {
        _ = try Panel.load(communicator.agree { try PanelCollection.open(files) }, on: communicator)
      }
    }
    let found = try #require(messages[0])
    #expect(messages.allSatisfy { $0 == found })
    #expect(found.exitCode == bad.exitCode)
    for words in bad.words { #expect(found.message.contains(words), "\(found.message)") }
  }
}
