// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "giv-dist",
  products: [
    .executable(name: "giv-dist", targets: ["giv-dist"]),
    .library(name: "MetaEM", targets: ["MetaEM"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
  ],
  targets: [
    // MARK: System libraries
    .systemLibrary(name: "COpenMPI", pkgConfig: "ompi-c", providers: [.apt(["libopenmpi-dev"])]),
    .systemLibrary(name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
    .systemLibrary(name: "CHDF5", pkgConfig: "hdf5", providers: [.apt(["libhdf5-dev"])]),
    .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),

    // MARK: The floor: errors, numbers, ranks
    .target(name: "CKernels"),
    .target(name: "Diagnostics"),
    .target(name: "LinearAlgebra", dependencies: ["COpenBLAS", "CKernels", "Diagnostics"]),
    .target(name: "Statistics"),
    .target(name: "Communication", dependencies: ["Diagnostics"]),
    .target(name: "MPICommunication", dependencies: ["COpenMPI", "Communication", "Diagnostics"]),

    // MARK: Data
    .target(
      name: "Dataset",
      dependencies: ["CHDF5", "COpenSSL", "Communication", "Diagnostics", "LinearAlgebra"]),

    // MARK: Statistics
    .target(name: "Regression", dependencies: ["Communication", "LinearAlgebra", "Statistics"]),
    .target(name: "Networks", dependencies: ["Communication", "Diagnostics", "LinearAlgebra"]),
    .target(
      name: "Representation", dependencies: ["Communication", "Dataset", "Diagnostics", "LinearAlgebra", "Networks"]),
    .target(name: "Mixture", dependencies: ["Communication", "Dataset", "Diagnostics", "LinearAlgebra"]),
    .target(
      name: "MetaEM",
      dependencies: ["Communication", "Dataset", "Diagnostics", "LinearAlgebra", "Mixture", "Representation"]),

    // MARK: Command line
    .executableTarget(
      name: "giv-dist",
      dependencies: [
        "Communication", "Dataset", "Diagnostics", "LinearAlgebra", "MetaEM", "Mixture", "MPICommunication",
        "Representation", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),

    // MARK: Tests
    .target(name: "TestSupport", dependencies: ["Communication", "Diagnostics"], path: "Tests/Support"),
    .executableTarget(
      name: "mpi-probe", dependencies: ["Communication", "Diagnostics", "MPICommunication", "TestSupport"],
      path: "Tests/Probe"),
    .testTarget(name: "LinearAlgebraTests", dependencies: ["CKernels", "Diagnostics", "LinearAlgebra", "TestSupport"]),
    .testTarget(name: "StatisticsTests", dependencies: ["Statistics", "TestSupport"]),
    .testTarget(
      name: "CommunicationTests", dependencies: ["Communication", "Diagnostics", "TestSupport", "mpi-probe"]),
    .testTarget(
      name: "DatasetTests", dependencies: ["Communication", "Dataset", "Diagnostics", "LinearAlgebra", "TestSupport"],
      exclude: ["Fixtures"]),
    .testTarget(
      name: "RegressionTests",
      dependencies: ["Communication", "LinearAlgebra", "Regression", "Statistics", "TestSupport"]),
    .testTarget(
      name: "NetworksTests",
      dependencies: ["Communication", "Diagnostics", "LinearAlgebra", "Networks", "TestSupport"]),
    .testTarget(
      name: "RepresentationTests",
      dependencies: [
        "Communication", "Dataset", "Diagnostics", "LinearAlgebra", "Networks", "Representation", "TestSupport",
      ]),
    .testTarget(
      name: "MixtureTests",
      dependencies: ["Communication", "Dataset", "Diagnostics", "LinearAlgebra", "MetaEM", "Mixture", "TestSupport"]),
    .testTarget(name: "CommandTests", dependencies: ["Diagnostics", "TestSupport", "giv-dist"]),
  ],
  swiftLanguageModes: [.v6]
)
