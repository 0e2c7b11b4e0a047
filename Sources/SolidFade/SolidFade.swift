@_exported public import BatteryData
@_exported public import CellModel
@_exported public import CyclerImport
@_exported public import DegradationPhysics
@_exported public import LifetimeForecast
@_exported public import NumericalMethods
@_exported public import Reporting
@_exported public import ResidualLearning
