import Foundation
import TestSupport

/// An input that `train` must refuse, and how.
struct BadInput: Sendable, CustomStringConvertible {
  let description: String
  let arguments: [String]
  let exitCode: Int32
  /// What the message must name: file, dataset, row or column, and the remedy.
  let words: [String]

  init(_ arguments: String, _ exitCode: Int32 = 65, _ words: String...) {
    description = arguments
    self.arguments = arguments.split(separator: " ").map(String.init)
    self.exitCode = exitCode
    self.words = words
  }

  static let all =
    files + values
    + [
      BadInput("one.h5 --groups 3", 65, "1 row for --groups 3 and 3 covariates", "give more rows"),
      BadInput("good.h5 --groups 300", 65, "600 rows for --groups 300", "fewer groups"),
      BadInput("few.h5 --groups 4", 65, "only 3 rows are distinct", "--groups 4", "choose fewer groups"),
      BadInput("constant.h5 --groups 2", 65, "covariate 'x1' is constant (4.25 in all 600 rows)", "leave it out"),
      BadInput("collinear.h5 --groups 2", 65, "covariate 'x2' is a linear combination", "leave one of them out"),
      BadInput("repeated.h5 --groups 2", 65, "covariate 'x3' is a linear combination", "leave one of them out"),
      BadInput("exact.h5 --groups 2", 65, "treatment 't' is a linear function of the covariates", "leave out"),
      BadInput("still.h5 --groups 2", 65, "treatment 't' is constant (2.0 in all 600 rows)", "--t"),
      BadInput("binary.h5 --groups 2", 65, "treatment 't' takes only the values 0.0 and 1.0", "name another --t"),
      BadInput("huge.h5 --groups 2", 65, "column 'x0'", "change its unit"),
      BadInput("tiny.h5 --groups 2", 65, "column 't'", "change its unit"),
    ]

  /// Inputs that ranks must refuse alike: one that none can open, and those that a single rank finds.
  static let onRanks = [
    files[0], values[0],
    BadInput("flipped --groups 3", 65, "flipped/shard-00002.h5: dataset 't'", "checksum", "write it again"),
    BadInput("collinear.h5 --groups 2", 65, "covariate 'x2' is a linear combination"),
  ]

  private static let files = [
    BadInput("nowhere.h5 --groups 2", 66, "nowhere.h5: No such file or directory", "check the path"),
    BadInput("empty-folder --groups 2", 66, "empty-folder holds neither manifest.json nor .h5 files"),
    BadInput("text.h5 --groups 2", 65, "text.h5 is not an HDF5 file", "giv-dist shard"),
    BadInput("truncated.h5 --groups 2", 65, "truncated.h5: ", "truncated file", "write the file again"),
    BadInput("flipped --groups 3", 65, "flipped/shard-00002.h5: dataset 't'", "checksum", "write it again"),
    BadInput("no-t.h5 --groups 2", 65, "no-t.h5 has no dataset 't' (treatment)", "it holds: x, y", "--t"),
    BadInput("no-x.h5 --groups 2", 65, "no-x.h5 has no dataset 'x' (covariates)", "it holds: t, y", "--x"),
    BadInput("cube.h5 --groups 2", 65, "cube.h5: dataset 'x' has the shape [600, 3, 1]", "[rows, covariates]"),
    BadInput("scalar.h5 --groups 2", 65, "scalar.h5: dataset 'x' has the shape []", "[rows, covariates]"),
    BadInput("wide-t.h5 --groups 2", 65, "wide-t.h5: dataset 't' has the shape [600, 2]", "must be [rows]"),
    BadInput("short-t.h5 --groups 2", 65, "short-t.h5: dataset 't' has 599 rows", "600", "must agree"),
    BadInput("strings.h5 --groups 2", 65, "strings.h5: dataset 't' holds strings", "float64"),
    BadInput("booleans.h5 --groups 2", 65, "treatment 't' takes only the values 0.0 and 1.0"),
    BadInput(
      "good.h5 narrow.h5 --groups 2", 65, "good.h5 and narrow.h5 disagree on the number of covariates (3 and 2)"),
    BadInput("good.h5 good.h5 --groups 2", 65, "good.h5 is given twice; give each shard once"),
    BadInput("good.h5 link.h5 --groups 2", 65, "link.h5 is given twice, also as good.h5; give each shard once"),
    BadInput("renamed --groups 2", 65, "disagree on covariate 1 ('x1' and 'age')", "must agree"),
    BadInput("empty.h5 --groups 2", 65, "empty.h5 holds no rows"),
  ]

  private static let values = [
    BadInput("nan.h5 --groups 2", 65, "nan.h5: dataset 'x', row 17 (counted from 0), column 'x1': nan", "--missing"),
    BadInput("inf.h5 --groups 2", 65, "inf.h5: dataset 't', row 599 (counted from 0): -inf", "--missing"),
    BadInput("weights.h5 --groups 2 --use-weights", 65, "weights.h5: dataset 'weight', row 5", "negative"),
    BadInput("weightless.h5 --groups 2 --use-weights", 65, "weights add up to 0", "at least one must be positive"),
    BadInput("good.h5 --groups 2 --use-weights", 65, "good.h5 has no dataset 'weight' (weight)", "--weight"),
    BadInput("half-source.h5 --groups 2 --z /z", 65, "half-source.h5: dataset '/z', row 0", "1.5 is no integer"),
  ]

  /// Makes all of them in a folder.
  static func make(in folder: URL) throws {
    try simulate("--rows 3000 --shards 3 --out flipped", in: folder)
    try simulate("--rows 600 --shards 2 --out renamed", in: folder)
    try script(
      """
      generator, n = np.random.default_rng(1), 600
      z, x = generator.integers(0, 3, n), generator.normal(size=(n, 3))
      slopes = np.array([[2, 2, 2], [-2, 2, -2], [2, -2, 1]])
      t = (x * slopes[z]).sum(1) + .1 * generator.normal(size=n)
      y = t + generator.normal(size=n)

      def changed(values, index, value):
          values = values.copy()
          values[index] = value
          return values

      def write(name, **changes):
          with h5py.File(name + '.h5', 'w') as f:
              for key, values in ({'x': x, 't': t, 'y': y} | changes).items():
                  if values is not None: f[key] = values

      write('good')
      write('no-t', t=None)
      write('no-x', x=None)
      write('cube', x=x[:, :, None])
      write('scalar', x=5.)
      write('wide-t', t=np.c_[t, t])
      write('short-t', t=t[:-1])
      write('strings', t=[str(v) for v in t])
      write('booleans', t=t > 0)
      write('narrow', x=x[:, :2])
      write('empty', x=x[:0], t=t[:0], y=y[:0])
      write('one', x=x[:1], t=t[:1], y=y[:1])
      write('few', x=np.repeat(x[:3], 200, 0), t=np.repeat(t[:3], 200))
      write('constant', x=changed(x, np.s_[:, 1], 4.25))
      write('collinear', x=changed(x, np.s_[:, 2], 2 * x[:, 0] - x[:, 1] + 3))
      write('repeated', x=np.c_[x, x[:, 0]])
      write('exact', t=1 + x @ [1, 2, 3])
      write('still', t=np.full(n, 2.))
      write('binary', t=1. * (t > 0))
      write('huge', x=x * 1e200)
      write('tiny', t=t * 1e-200)
      write('nan', x=changed(x, (17, 1), np.nan))
      write('inf', t=changed(t, 599, -np.inf))
      write('weights', weight=changed(np.ones(n), 5, -1))
      write('weightless', weight=np.zeros(n))
      write('half-source', z=z * 0 + 1.5)
      os.mkdir('empty-folder')
      os.symlink('good.h5', 'link.h5')
      open('text.h5', 'w').write('x,t,y\\n1,2,3\\n')
      good = open('good.h5', 'rb').read()
      open('truncated.h5', 'wb').write(good[:len(good) // 2])

      with h5py.File('flipped/shard-00002.h5') as f: place = f['t'].id.get_chunk_info(0).byte_offset + 77
      with open('flipped/shard-00002.h5', 'r+b') as f:
          f.seek(place); byte = f.read(1)[0]; f.seek(place); f.write(bytes([byte ^ 4]))
      with h5py.File('renamed/shard-00001.h5', 'r+') as f:
          record = json.loads(f.attrs['giv-record'])
          record['columns'][1]['name'] = 'age'
          text = json.dumps(record).encode()
          f.attrs['giv-record'] = np.bytes_(text)
          f.attrs['covariates'] = [column['name'] for column in record['columns'] if column['dataset'] == 'x']
      """, in: folder)
  }
}
