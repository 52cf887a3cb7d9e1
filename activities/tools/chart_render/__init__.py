"""`chart.render`: draws a chart as SVG."""
