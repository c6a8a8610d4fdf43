#![expect(unsafe_code, reason = "part of the one wrapper of EPANET")]
//! What a file holds, item by item, in the file's units: for those who solve it themselves.

use std::ffi::c_int;

use epanet_sys as sys;

use super::file::{FileEngine, number_by};
use super::{Engine, EngineError, LinkProperty, NodeProperty, SolverOption, check};

/// EPANET's "this link is opened" in place of a setting.
pub const SET_OPEN: f64 = 1e10;

/// EPANET's "this link is closed" in place of a setting.
pub const SET_CLOSED: f64 = -1e10;

/// A simple control as EPANET has it, in the file's units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RawControl {
    /// `EN_ControlType`: 0 below a level, 1 above a level, 2 at a time, 3 at a time of day.
    pub kind: i32,
    /// Index of the link.
    pub link: i32,
    /// Setting, or `SET_OPEN`, or `SET_CLOSED`.
    pub setting: f64,
    /// Index of the node, for levels.
    pub node: i32,
    /// Level, pressure or seconds.
    pub level: f64,
}

/// How demands depend on pressure, in the file's units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RawDemandModel {
    /// Do they (PDA)?
    pub is_pressure_driven: bool,
    /// Nothing is delivered below.
    pub minimum: f64,
    /// All is delivered above.
    pub required: f64,
    /// Between the two.
    pub exponent: f64,
}

impl Engine {
    /// A property of a link.
    pub(in crate::world::hydraulics) fn link_value(
        &self,
        index: i32,
        property: LinkProperty,
    ) -> Result<f64, EngineError> {
        let project = self.project;
        // SAFETY: the project is alive, the place is valid; EPANET checks the index.
        value_by(|value| unsafe { sys::EN_getlinkvalue(project, index, property as c_int, value) })
    }
}

fn value_by(write: impl FnOnce(*mut f64) -> c_int) -> Result<f64, EngineError> {
    let mut value = 0.0;
    check(write(&raw mut value))?;
    Ok(value)
}

impl FileEngine {
    /// A parameter of a node.
    pub fn node_value(&self, index: i32, property: NodeProperty) -> Result<f64, EngineError> {
        let project = self.engine.project;
        // SAFETY: the project is alive, the place is valid; EPANET checks the index.
        value_by(|value| unsafe { sys::EN_getnodevalue(project, index, property as c_int, value) })
    }

    /// A parameter of a link.
    pub fn link_value(&self, index: i32, property: LinkProperty) -> Result<f64, EngineError> {
        self.engine.link_value(index, property)
    }

    /// An option.
    pub fn option(&self, option: SolverOption) -> Result<f64, EngineError> {
        let project = self.engine.project;
        // SAFETY: the project is alive, the place is valid.
        value_by(|value| unsafe { sys::EN_getoption(project, option as c_int, value) })
    }

    /// Indices of a link's start and end node.
    pub fn link_ends(&self, index: i32) -> Result<(i32, i32), EngineError> {
        let (mut start, mut end): (c_int, c_int) = (0, 0);
        let project = self.engine.project;
        // SAFETY: the project is alive, the places are valid; EPANET checks the index.
        check(unsafe { sys::EN_getlinknodes(project, index, &raw mut start, &raw mut end) })?;
        Ok((start, end))
    }

    /// Every category of a junction's demand: its base and the index of its pattern (0: none).
    pub fn demands(&self, node: i32) -> Result<Vec<(f64, i32)>, EngineError> {
        let project = self.engine.project;
        // SAFETY: the project is alive, the places are valid; EPANET checks the indices.
        let count = number_by(|count| unsafe { sys::EN_getnumdemands(project, node, count) })?;
        let category = |at| {
            // SAFETY: as above.
            let base = value_by(|base| unsafe { sys::EN_getbasedemand(project, node, at, base) })?;
            let pattern =
                // SAFETY: as above.
                number_by(|index| unsafe { sys::EN_getdemandpattern(project, node, at, index) })?;
            Ok((base, pattern))
        };
        (1..=count).map(category).collect()
    }

    /// The factors of every pattern, by index − 1.
    pub fn patterns(&self) -> Result<Vec<Vec<f64>>, EngineError> {
        let project = self.engine.project;
        let pattern = |index| {
            // SAFETY: the project is alive, the places are valid; EPANET checks the indices.
            let length =
                number_by(|length| unsafe { sys::EN_getpatternlen(project, index, length) })?;
            let factor = |period| {
                // SAFETY: as above.
                value_by(|value| unsafe { sys::EN_getpatternvalue(project, index, period, value) })
            };
            (1..=length).map(factor).collect()
        };
        (1..=self.count_of(sys::EN_CountType_EN_PATCOUNT)?).map(pattern).collect()
    }

    /// The points of a curve.
    pub fn curve(&self, index: i32) -> Result<Vec<(f64, f64)>, EngineError> {
        let project = self.engine.project;
        // SAFETY: the project is alive, the places are valid; EPANET checks the indices.
        let length = number_by(|length| unsafe { sys::EN_getcurvelen(project, index, length) })?;
        let point = |at| {
            let (mut x, mut y) = (0.0, 0.0);
            // SAFETY: as above.
            check(unsafe { sys::EN_getcurvevalue(project, index, at, &raw mut x, &raw mut y) })?;
            Ok((x, y))
        };
        (1..=length).map(point).collect()
    }

    /// Every simple control that is enabled, in the file's order.
    pub fn controls(&self) -> Result<Vec<RawControl>, EngineError> {
        let project = self.engine.project;
        let mut controls = Vec::new();
        for index in 1..=self.count_of(sys::EN_CountType_EN_CONTROLCOUNT)? {
            let (mut kind, mut link, mut node): (c_int, c_int, c_int) = (0, 0, 0);
            let (mut setting, mut level) = (0.0, 0.0);
            // SAFETY: the project is alive, the places are valid; EPANET checks the index.
            check(unsafe {
                sys::EN_getcontrol(
                    project,
                    index,
                    &raw mut kind,
                    &raw mut link,
                    &raw mut setting,
                    &raw mut node,
                    &raw mut level,
                )
            })?;
            let enabled =
                // SAFETY: as above.
                number_by(|is| unsafe { sys::EN_getcontrolenabled(project, index, is) })?;
            if enabled != 0 {
                controls.push(RawControl { kind, link, setting, node, level });
            }
        }
        Ok(controls)
    }

    /// How demands depend on pressure.
    pub fn demand_model(&self) -> Result<RawDemandModel, EngineError> {
        let mut model: c_int = 0;
        let (mut minimum, mut required, mut exponent) = (0.0, 0.0, 0.0);
        // SAFETY: the project is alive, the places are valid.
        check(unsafe {
            sys::EN_getdemandmodel(
                self.engine.project,
                &raw mut model,
                &raw mut minimum,
                &raw mut required,
                &raw mut exponent,
            )
        })?;
        let is_pressure_driven = model == sys::EN_DemandModel_EN_PDA as c_int;
        Ok(RawDemandModel { is_pressure_driven, minimum, required, exponent })
    }

    pub(super) fn count_of(&self, what: sys::EN_CountType) -> Result<i32, EngineError> {
        // SAFETY: the project is alive, `number` is a valid place.
        number_by(|number| unsafe { sys::EN_getcount(self.engine.project, what as c_int, number) })
    }
}
