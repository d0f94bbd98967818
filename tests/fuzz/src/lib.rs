//! What the fuzz targets run. Each function takes any bytes at all; that it returns is the property. The stable tests
//! include the same functions and run them over seeds and mutations of them (`tests/tests/faults_fuzz`).

pub mod entry;
